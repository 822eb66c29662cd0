import { Tabs } from "@mantine/core";
import "@mantine/core/styles/Tabs.css";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { type ComponentType, lazy, Suspense } from "react";
import { deliveryState, type Endpoint, endpointById } from "../../api/endpoints";
import { Loaded } from "../../components/Loaded";
import { Page } from "../../components/Page";
import { type Permissions, useApplication } from "../application";
import { EndpointActions } from "./EndpointActions";
import { EndpointStatus } from "./EndpointStatus";
import { type EndpointKind, kindOf } from "./endpoint-kind";
import { Overview } from "./overview/Overview";

interface Tab {
  value: string;
  label: string;
  panel: ComponentType<{ endpoint: Endpoint }>;
  shown: (kind: EndpointKind, may: Permissions) => boolean;
}

const TABS: Tab[] = [
  { value: "overview", label: "Overview", panel: Overview, shown: () => true },
  {
    value: "test",
    label: "Test",
    panel: lazy(() => import("./testing/SendTest")),
    shown: (_, may) => may.createAttempts,
  },
  {
    value: "recover",
    label: "Recover and replay",
    panel: lazy(() => import("./redelivery/Redelivery")),
    shown: (_, may) => may.createAttempts,
  },
  {
    value: "verify",
    label: "Verify signatures",
    panel: lazy(() => import("./verification/Verification")),
    shown: (kind) => kind === "webhook",
  },
];

/** One endpoint: how it is doing, and what can be done with it. */
export function EndpointPage() {
  const { appId } = useApplication();
  const { endpointId = "" } = useParams({ strict: false });
  const endpoint = useQuery(endpointById(appId, endpointId));
  if (endpoint.data) return <FoundEndpoint key={endpoint.data.id} endpoint={endpoint.data} />;
  return (
    <Page title="Endpoint">
      <Loaded query={endpoint}>{() => null}</Loaded>
    </Page>
  );
}

function FoundEndpoint(props: { endpoint: Endpoint }) {
  const { endpoint } = props;
  const { appId, may } = useApplication();
  const kind = kindOf(endpoint.url);
  const state = useQuery({
    ...deliveryState(appId, endpoint.id),
    enabled: !endpoint.disabled && kind !== "poller",
  });
  const tabs = TABS.filter(({ shown }) => shown(kind, may));
  return (
    <Page
      title={endpoint.url}
      description={endpoint.description}
      actions={may.manageEndpoints && <EndpointActions endpoint={endpoint} />}
    >
      <EndpointStatus endpoint={endpoint} state={state.data} />
      <EndpointTabs endpoint={endpoint} tabs={tabs} />
    </Page>
  );
}

function EndpointTabs(props: { endpoint: Endpoint; tabs: Tab[] }) {
  const { endpoint, tabs } = props;
  const navigate = useNavigate();
  const search: { tab?: unknown } = useSearch({ strict: false });
  const current = tabs.find(({ value }) => value === search.tab)?.value ?? "overview";
  const show = (tab: string | null) =>
    void navigate({
      to: ".",
      search: tab === "overview" ? {} : ({ tab } as never),
      replace: true,
      resetScroll: false,
    });
  return (
    <Tabs value={current} onChange={show} keepMounted={false}>
      <Tabs.List mb="md">
        {tabs.map(({ value, label }) => (
          <Tabs.Tab key={value} value={value}>
            {label}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      {tabs.map(({ value, panel: Panel }) => (
        <Tabs.Panel key={value} value={value}>
          <Suspense>
            <Panel endpoint={endpoint} />
          </Suspense>
        </Tabs.Panel>
      ))}
    </Tabs>
  );
}
