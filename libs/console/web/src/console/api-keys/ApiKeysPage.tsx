import { Button, Stack, Text } from "@mantine/core";
import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { type ApiKey, apiKeyPages, revokeApiKey } from "../../api/api-keys";
import { Empty } from "../../components/Empty";
import { Page } from "../../components/Page";
import { StatusBadge } from "../../components/StatusBadge";
import { When } from "../../components/When";
import { ApplicationLink } from "../components/ApplicationLink";
import { ConfirmDialog } from "../components/ConfirmDialog";
import { type Column, EndlessTable } from "../components/EndlessTable";
import { Mono } from "../components/Mono";
import { limitsOf } from "../rates";
import { CreateKeyDialog } from "./CreateKeyDialog";

/** The tenant's API keys. */
export function ApiKeysPage() {
  const queries = useQueryClient();
  const [creating, setCreating] = useState(false);
  const [revoking, setRevoking] = useState<ApiKey>();
  const pages = useInfiniteQuery(apiKeyPages);
  return (
    <Page
      title="API keys"
      description="Give each program a key of its own, with the narrowest scope that it can do with."
      actions={<Button onClick={() => setCreating(true)}>Create a key</Button>}
    >
      <EndlessTable
        label="API keys"
        query={pages}
        columns={columns(setRevoking)}
        rowKey={({ id }) => id}
        minWidth={64}
        empty={<Empty title="No API keys">Create one for each program.</Empty>}
      />
      <CreateKeyDialog opened={creating} onClose={() => setCreating(false)} />
      <ConfirmDialog
        opened={revoking !== undefined}
        title={`Revoke ${revoking?.name ?? ""}?`}
        verb="Revoke the key"
        act={() => revokeApiKey(revoking?.id ?? "")}
        onDone={() => void queries.invalidateQueries({ queryKey: ["api-keys"] })}
        onClose={() => setRevoking(undefined)}
      >
        <Text size="sm">
          Requests with this key are refused within a second. This cannot be undone.
        </Text>
      </ConfirmDialog>
    </Page>
  );
}

function columns(onRevoke: (key: ApiKey) => void): Column<ApiKey>[] {
  return [
    {
      name: "Name",
      cell: ({ id, name }) => (
        <Stack gap={0}>
          <Text size="sm">{name}</Text>
          <Mono>{id}</Mono>
        </Stack>
      ),
    },
    {
      name: "Scope",
      width: 11,
      cell: ({ scope, appId }) => (
        <Stack gap={0}>
          {scope}
          {appId && <ApplicationLink appId={appId} />}
        </Stack>
      ),
    },
    { name: "State", width: 9, cell: (key) => <KeyState apiKey={key} /> },
    {
      name: "Limits",
      width: 10,
      cell: ({ rates }) => <Text size="xs">{limitsOf(rates).join(", ") || "none"}</Text>,
    },
    {
      name: "Last used",
      width: 9,
      cell: ({ lastUsedAt }) => (lastUsedAt ? <When at={lastUsedAt} /> : "never"),
    },
    {
      name: "Expires",
      width: 9,
      cell: ({ expiresAt }) => (expiresAt ? <When at={expiresAt} /> : "never"),
    },
    { name: "Created", width: 9, cell: ({ createdAt }) => <When at={createdAt} /> },
    {
      name: "Actions",
      width: 7,
      cell: (key) =>
        key.revokedAt === null && (
          <Button
            variant="default"
            size="compact-xs"
            aria-label={`Revoke ${key.name}`}
            onClick={() => onRevoke(key)}
          >
            Revoke
          </Button>
        ),
    },
  ];
}

function KeyState(props: { apiKey: ApiKey }) {
  const { revokedAt, expiresAt } = props.apiKey;
  if (revokedAt !== null) return <StatusBadge color="gray">Revoked</StatusBadge>;
  if (expiresAt !== null && new Date(expiresAt) < new Date())
    return <StatusBadge color="gray">Expired</StatusBadge>;
  return <StatusBadge color="teal">Active</StatusBadge>;
}
