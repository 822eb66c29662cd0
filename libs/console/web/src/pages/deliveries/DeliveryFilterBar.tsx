import { Button, NativeSelect, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { endpointChoices } from "../../api/endpoints";
import { useApplication } from "../application";
import classes from "./DeliveryFilterBar.module.css";
import { type DeliveryFilters, STATES } from "./filters";
import { TextFilter } from "./TextFilter";
import { STATE_WORDS } from "./words";

const ANY = "";
const CUSTOM = "custom";
const RANGE_CHOICES = [
  { value: ANY, label: "Any time" },
  { value: "1h", label: "Last hour" },
  { value: "24h", label: "Last 24 hours" },
  { value: "7d", label: "Last 7 days" },
  { value: "30d", label: "Last 30 days" },
  { value: CUSTOM, label: "From … to …" },
];
const STATE_CHOICES = [
  { value: ANY, label: "Any status" },
  ...STATES.map((state) => ({ value: state, label: STATE_WORDS[state] })),
];

/** The filters of the table of deliveries. */
export function DeliveryFilterBar(props: {
  filters: DeliveryFilters;
  onChange: (filters: DeliveryFilters) => void;
}) {
  const { filters, onChange } = props;
  const set = (changed: DeliveryFilters) => onChange({ ...filters, ...changed });
  return (
    <search className={classes.bar} aria-label="Filters">
      <TextFilter
        className={classes.search}
        label="Search ids"
        placeholder="msg_…, event id, ep_…"
        value={filters.q}
        onChange={(q) => set({ q })}
      />
      <NativeSelect
        label="Status"
        data={STATE_CHOICES}
        value={filters.status ?? ANY}
        onChange={(event) =>
          set({ status: STATES.find((state) => state === event.currentTarget.value) })
        }
      />
      <TextFilter
        label="Event type"
        placeholder="invoice.paid"
        value={filters.type}
        onChange={(type) => set({ type })}
      />
      <EndpointFilter value={filters.endpoint} onChange={(endpoint) => set({ endpoint })} />
      <TextFilter label="Tag" value={filters.tag} onChange={(tag) => set({ tag })} />
      <TimeFilter filters={filters} onChange={onChange} />
      {Object.keys(filters).length > 0 && (
        <Button variant="default" onClick={() => onChange({})}>
          Clear filters
        </Button>
      )}
    </search>
  );
}

function EndpointFilter(props: { value?: string; onChange: (id?: string) => void }) {
  const { value, onChange } = props;
  const { appId } = useApplication();
  const endpoints = useQuery(endpointChoices(appId)).data ?? [];
  const choices = endpoints.map(({ id, url }) => ({ value: id, label: url }));
  if (value !== undefined && endpoints.every(({ id }) => id !== value))
    choices.unshift({ value, label: value });
  return (
    <NativeSelect
      label="Endpoint"
      data={[{ value: ANY, label: "All endpoints" }, ...choices]}
      value={value ?? ANY}
      onChange={(event) => onChange(event.currentTarget.value || undefined)}
    />
  );
}

function TimeFilter(props: {
  filters: DeliveryFilters;
  onChange: (filters: DeliveryFilters) => void;
}) {
  const { filters, onChange } = props;
  const { range, from, to, ...others } = filters;
  const [custom, setCustom] = useState(from !== undefined || to !== undefined);
  const bounded = from !== undefined || to !== undefined;
  const shown = range ?? (custom || bounded ? CUSTOM : ANY);
  return (
    <>
      <NativeSelect
        label="Time"
        data={RANGE_CHOICES}
        value={shown}
        onChange={(event) => {
          const chosen = event.currentTarget.value;
          setCustom(chosen === CUSTOM);
          const isRange = chosen !== CUSTOM && chosen !== ANY;
          onChange(isRange ? { ...others, range: chosen as DeliveryFilters["range"] } : others);
        }}
      />
      {shown === CUSTOM && (
        <>
          <TextInput
            label="From"
            type="datetime-local"
            value={from ?? ""}
            onChange={(event) =>
              onChange({ ...others, to, from: event.currentTarget.value || undefined })
            }
          />
          <TextInput
            label="To"
            type="datetime-local"
            value={to ?? ""}
            onChange={(event) =>
              onChange({ ...others, from, to: event.currentTarget.value || undefined })
            }
          />
        </>
      )}
    </>
  );
}
