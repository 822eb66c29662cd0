import { Button, Group, Stack, Text } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import {
  type OperationalEndpoint,
  type OperationalHeaders,
  readOperationalHeaders,
  replaceOperationalHeaders,
} from "../../api/operational-webhooks";
import { Dialog } from "../../components/Dialog";
import { Failure } from "../../components/Failure";
import { Loaded } from "../../components/Loaded";
import { type HeaderRow, headerRows, newHeaders } from "../../pages/endpoints/form/form-values";
import { HeaderFields } from "../../pages/endpoints/form/HeaderFields";

/** The custom headers of an endpoint of operational webhooks. */
export function HeadersDialog(props: {
  endpoint: OperationalEndpoint | undefined;
  onClose: () => void;
}) {
  const { endpoint, onClose } = props;
  return (
    <Dialog opened={endpoint !== undefined} onClose={onClose} title="Custom headers" size="lg">
      {endpoint && <Headers endpointId={endpoint.id} onClose={onClose} />}
    </Dialog>
  );
}

function Headers(props: { endpointId: string; onClose: () => void }) {
  const { endpointId, onClose } = props;
  const headers = useQuery({
    queryKey: ["operational-headers", endpointId],
    queryFn: () => readOperationalHeaders(endpointId),
    gcTime: 0,
  });
  return (
    <Loaded query={headers} lines={2}>
      {(found) => <HeadersForm endpointId={endpointId} headers={found} onClose={onClose} />}
    </Loaded>
  );
}

function HeadersForm(props: {
  endpointId: string;
  headers: OperationalHeaders;
  onClose: () => void;
}) {
  const { endpointId, headers, onClose } = props;
  const [rows, setRows] = useState<HeaderRow[]>(() => headerRows(headers));
  const save = useMutation({
    mutationFn: () => replaceOperationalHeaders(endpointId, newHeaders(rows) ?? {}),
    onSuccess: onClose,
  });
  // All headers are replaced at once, and a stored value cannot be read to be sent again.
  const lacking = rows.filter(({ stored, value }) => stored && value === "");
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate();
      }}
    >
      <Stack>
        <HeaderFields value={rows} onChange={setRows} />
        {lacking.length > 0 && (
          <Text size="sm">
            Write the value of {lacking.map(({ name }) => name).join(", ")} again, or remove the
            header: stored values are never shown.
          </Text>
        )}
        {save.isError && <Failure error={save.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" disabled={lacking.length > 0} loading={save.isPending}>
            Save
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
