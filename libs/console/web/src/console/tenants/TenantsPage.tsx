import { Button, Group, Stack, Text } from "@mantine/core";
import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { changeTenant, type Tenant, tenantPages } from "../../api/tenants";
import { Empty } from "../../components/Empty";
import { Page } from "../../components/Page";
import { StatusBadge } from "../../components/StatusBadge";
import { When } from "../../components/When";
import { ConfirmDialog } from "../components/ConfirmDialog";
import { type Column, EndlessTable } from "../components/EndlessTable";
import { Mono } from "../components/Mono";
import { limitsOf } from "../rates";
import { DeleteTenantDialog } from "./DeleteTenantDialog";
import { QuotasDialog } from "./QuotasDialog";
import { TenantKeyDialog } from "./TenantKeyDialog";
import { TenantNameDialog } from "./TenantNameDialog";

type Action = "rename" | "limit" | "key" | "suspend" | "delete";
type Opened = { action: "create" } | { action: Action; tenant: Tenant };

/** The tenants of the platform, for its operators. */
export function TenantsPage() {
  const queries = useQueryClient();
  const [opened, setOpened] = useState<Opened>();
  const pages = useInfiniteQuery(tenantPages);
  const close = () => setOpened(undefined);
  const tenantFor = (action: Action) => (opened?.action === action ? opened.tenant : undefined);
  const suspending = tenantFor("suspend");
  return (
    <Page
      title="Tenants"
      description="Each has API keys, applications and event types of its own."
      actions={<Button onClick={() => setOpened({ action: "create" })}>Create a tenant</Button>}
    >
      <EndlessTable
        label="Tenants"
        query={pages}
        columns={columns((action, tenant) => setOpened({ action, tenant }))}
        rowKey={({ id }) => id}
        minWidth={64}
        empty={<Empty title="No tenants">Create one for each product that sends webhooks.</Empty>}
      />
      <TenantNameDialog
        opened={opened?.action === "create" || opened?.action === "rename"}
        tenant={tenantFor("rename")}
        onClose={close}
      />
      <QuotasDialog tenant={tenantFor("limit")} onClose={close} />
      <TenantKeyDialog tenant={tenantFor("key")} onClose={close} />
      <DeleteTenantDialog tenant={tenantFor("delete")} onClose={close} />
      <ConfirmDialog
        opened={suspending !== undefined}
        title={`${suspending?.suspended ? "Resume" : "Suspend"} ${suspending?.name ?? ""}?`}
        verb={suspending?.suspended ? "Resume the tenant" : "Suspend the tenant"}
        color={suspending?.suspended ? undefined : "red"}
        act={() => changeTenant(suspending?.id ?? "", { suspended: !suspending?.suspended })}
        onDone={() => void queries.invalidateQueries({ queryKey: ["tenants"] })}
        onClose={close}
      >
        <Text size="sm">
          {suspending?.suspended
            ? "Its requests are answered again within a second."
            : "All its requests are refused within a second. Messages that were accepted before, scheduled ones included, go on being delivered."}
        </Text>
      </ConfirmDialog>
    </Page>
  );
}

function columns(open: (action: Action, tenant: Tenant) => void): Column<Tenant>[] {
  const button = (action: Action, label: string, tenant: Tenant) => (
    <Button
      variant="default"
      size="compact-xs"
      aria-label={`${label}: ${tenant.name}`}
      onClick={() => open(action, tenant)}
    >
      {label}
    </Button>
  );
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
    { name: "State", width: 9, cell: (tenant) => <TenantState tenant={tenant} /> },
    {
      name: "Quotas",
      cell: ({ quotas }) => <Text size="xs">{limitsOf(quotas).join(", ") || "none"}</Text>,
    },
    { name: "Created", width: 9, cell: ({ createdAt }) => <When at={createdAt} /> },
    {
      name: "Actions",
      width: 19,
      cell: (tenant) => (
        <Group gap={4}>
          {button("rename", "Rename", tenant)}
          {button("limit", "Quotas", tenant)}
          {button("key", "API key", tenant)}
          {button("suspend", tenant.suspended ? "Resume" : "Suspend", tenant)}
          {button("delete", "Delete", tenant)}
        </Group>
      ),
    },
  ];
}

function TenantState(props: { tenant: Tenant }) {
  return props.tenant.suspended ? (
    <StatusBadge color="yellow">Suspended</StatusBadge>
  ) : (
    <StatusBadge color="teal">Active</StatusBadge>
  );
}
