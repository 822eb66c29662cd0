import { Button, Group, Stack, Text } from "@mantine/core";
import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import {
  deleteOperationalEndpoint,
  type OperationalEndpoint,
  operationalEndpointPages,
} from "../../api/operational-webhooks";
import { Empty } from "../../components/Empty";
import { Page } from "../../components/Page";
import { StatusBadge } from "../../components/StatusBadge";
import { When } from "../../components/When";
import { ConfirmDialog } from "../components/ConfirmDialog";
import { type Column, EndlessTable } from "../components/EndlessTable";
import { Mono } from "../components/Mono";
import { useMay } from "../permissions";
import { EndpointDialog } from "./EndpointDialog";
import { HeadersDialog } from "./HeadersDialog";
import { SecretDialog } from "./SecretDialog";

type EndpointDialogName = "edit" | "headers" | "secret" | "delete";
type Opened = { dialog: "create" } | { dialog: EndpointDialogName; endpoint: OperationalEndpoint };

/** Endpoints of the tenant itself, which are told what happens to those of its customers. */
export function OperationalWebhooksPage() {
  const may = useMay();
  const queries = useQueryClient();
  const [opened, setOpened] = useState<Opened>();
  const close = () => setOpened(undefined);
  const pages = useInfiniteQuery(operationalEndpointPages);
  const chosen = opened && "endpoint" in opened ? opened.endpoint : undefined;
  const canChange = may("manage_tenant");
  return (
    <Page
      title="Operational webhooks"
      description="Your own URLs, which are told what happens to your customers' endpoints."
      actions={
        canChange && (
          <Button onClick={() => setOpened({ dialog: "create" })}>Add an endpoint</Button>
        )
      }
    >
      <EndlessTable
        label="Endpoints of operational webhooks"
        query={pages}
        columns={columns(
          canChange ? (dialog, endpoint) => setOpened({ dialog, endpoint }) : undefined,
        )}
        rowKey={({ id }) => id}
        minWidth={60}
        empty={
          <Empty title="No operational webhooks yet">
            Add a URL of your own to hear when a customer's endpoint fails or is disabled.
          </Empty>
        }
      />
      <EndpointDialog
        opened={opened?.dialog === "create" || opened?.dialog === "edit"}
        endpoint={chosen}
        onClose={close}
      />
      <SecretDialog endpoint={opened?.dialog === "secret" ? chosen : undefined} onClose={close} />
      <HeadersDialog endpoint={opened?.dialog === "headers" ? chosen : undefined} onClose={close} />
      <ConfirmDialog
        opened={opened?.dialog === "delete"}
        title="Delete the endpoint?"
        verb="Delete the endpoint"
        act={() => deleteOperationalEndpoint(chosen?.id ?? "")}
        onDone={() => void queries.invalidateQueries({ queryKey: ["operational-webhooks"] })}
        onClose={close}
      >
        <Text size="sm" style={{ overflowWrap: "anywhere" }}>
          {chosen?.url} gets no operational webhooks any more. Its secret is deleted.
        </Text>
      </ConfirmDialog>
    </Page>
  );
}

function columns(
  open: ((dialog: EndpointDialogName, endpoint: OperationalEndpoint) => void) | undefined,
): Column<OperationalEndpoint>[] {
  const action = (dialog: EndpointDialogName, label: string, endpoint: OperationalEndpoint) => (
    <Button
      variant="default"
      size="compact-xs"
      aria-label={`${label}: ${endpoint.url}`}
      onClick={() => open?.(dialog, endpoint)}
    >
      {label}
    </Button>
  );
  return [
    {
      name: "Endpoint",
      cell: ({ url, description }) => (
        <Stack gap={0}>
          <Mono>{url}</Mono>
          <Text size="xs" c="dimmed">
            {description}
          </Text>
        </Stack>
      ),
    },
    {
      name: "State",
      width: 9,
      cell: ({ disabled }) => (
        <StatusBadge color={disabled ? "gray" : "teal"}>
          {disabled ? "Disabled" : "Enabled"}
        </StatusBadge>
      ),
    },
    {
      name: "Events",
      cell: ({ eventTypes }) => (eventTypes?.length ? eventTypes.join(", ") : "All"),
    },
    { name: "Created", width: 8, cell: ({ createdAt }) => <When at={createdAt} /> },
    {
      name: "Actions",
      width: 19,
      cell: (endpoint) =>
        open && (
          <Group gap={4}>
            {action("edit", "Edit", endpoint)}
            {action("headers", "Headers", endpoint)}
            {action("secret", "Secret", endpoint)}
            {action("delete", "Delete", endpoint)}
          </Group>
        ),
    },
  ];
}
