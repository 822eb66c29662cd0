import { Anchor, Button, Text } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { type Application, applicationPages } from "../../api/applications";
import { Empty } from "../../components/Empty";
import { Page } from "../../components/Page";
import { When } from "../../components/When";
import { type Column, EndlessTable } from "../components/EndlessTable";
import { TextFilter } from "../components/FilterFields";
import { Mono } from "../components/Mono";
import { useMay } from "../permissions";
import { useFilters } from "../use-filters";
import { ApplicationForm } from "./ApplicationForm";

/** All applications of the tenant. */
export function ApplicationsPage() {
  const may = useMay();
  const navigate = useNavigate();
  const [{ search }, filter] = useFilters(["search"]);
  const [creating, setCreating] = useState(false);
  const pages = useInfiniteQuery(applicationPages(search));
  const create = may("manage_tenant") && (
    <Button onClick={() => setCreating(true)}>Create an application</Button>
  );
  return (
    <Page
      title="Applications"
      description="An application is one of your customers, who receives webhooks."
      actions={create}
    >
      <TextFilter
        label="Search"
        placeholder="Part of the name, the beginning of the uid, or the id"
        value={search}
        onChange={(text) => filter({ search: text })}
      />
      <EndlessTable
        label="Applications"
        query={pages}
        columns={COLUMNS}
        rowKey={({ id }) => id}
        empty={
          search ? (
            <Empty title="No application is found">
              Search for a part of its name, the beginning of its uid, or its id.
            </Empty>
          ) : (
            <Empty title="No applications yet">
              Create one for each customer who receives webhooks.
            </Empty>
          )
        }
      />
      <ApplicationForm
        opened={creating}
        onClose={() => setCreating(false)}
        onSaved={({ id }) => void navigate({ to: `/applications/${id}` })}
      />
    </Page>
  );
}

const COLUMNS: Column<Application>[] = [
  {
    name: "Application",
    cell: ({ id, name }) => (
      <Anchor component={Link} to={`/applications/${id}`}>
        {name}
      </Anchor>
    ),
  },
  { name: "Uid", cell: ({ uid }) => (uid ? <Mono>{uid}</Mono> : <Text c="dimmed">—</Text>) },
  { name: "Id", cell: ({ id }) => <Mono>{id}</Mono> },
  { name: "Created", width: 9, cell: ({ createdAt }) => <When at={createdAt} /> },
];
