import { Button, SimpleGrid } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { Page } from "../../components/Page";
import { ChoiceFilter, TextFilter, TimeFilter } from "../components/FilterFields";
import { useMay } from "../permissions";
import { useFilters } from "../use-filters";
import { AttemptTable } from "./AttemptTable";
import { CODES, FILTERS, type SearchFilters, STATUSES } from "./filters";
import { MessageTable } from "./MessageTable";

const choices = (named: Record<string, { label: string }>) =>
  Object.entries(named).map(([value, { label }]) => ({ value, label }));

/** Searches messages, or attempts, of all applications. */
export function MessagesPage() {
  const may = useMay();
  const [filters, filter] = useFilters(FILTERS);
  const attempts = filters.view === "attempts";
  return (
    <Page
      title="Messages"
      description="Of all applications, newest first."
      actions={
        may("publish") && (
          <Button component={Link} to="/messages/new">
            Post a message
          </Button>
        )
      }
    >
      <Button.Group aria-label="What to search">
        <Button
          size="xs"
          variant={attempts ? "default" : "filled"}
          aria-pressed={!attempts}
          onClick={() => filter({ view: undefined })}
        >
          Messages
        </Button>
        <Button
          size="xs"
          variant={attempts ? "filled" : "default"}
          aria-pressed={attempts}
          onClick={() => filter({ view: "attempts" })}
        >
          Attempts
        </Button>
      </Button.Group>
      <FilterBar filters={filters} onChange={filter} attempts={attempts} />
      {attempts ? <AttemptTable filters={filters} /> : <MessageTable filters={filters} />}
    </Page>
  );
}

function FilterBar(props: {
  filters: SearchFilters;
  onChange: (changed: SearchFilters) => void;
  attempts: boolean;
}) {
  const { filters, onChange, attempts } = props;
  const text = (name: keyof SearchFilters, label: string, placeholder?: string) => (
    <TextFilter
      label={label}
      placeholder={placeholder}
      value={filters[name]}
      onChange={(value) => onChange({ [name]: value })}
    />
  );
  return (
    <SimpleGrid cols={{ base: 1, xs: 2, sm: 3, lg: attempts ? 7 : 6 }} spacing="sm" role="search">
      {!attempts && text("text", "Id or event id", "Its beginning")}
      {attempts && (
        <>
          <ChoiceFilter
            label="Status"
            value={filters.status}
            choices={choices(STATUSES)}
            onChange={(status) => onChange({ status })}
          />
          <ChoiceFilter
            label="Response"
            value={filters.code}
            choices={choices(CODES)}
            onChange={(code) => onChange({ code })}
          />
          {text("endpoint", "Endpoint", "Id of the endpoint")}
        </>
      )}
      {text("type", "Event type", "invoice.paid, …")}
      {text("channel", "Channel")}
      {!attempts && text("tag", "Tag")}
      <TimeFilter label="After" value={filters.after} onChange={(after) => onChange({ after })} />
      <TimeFilter
        label="Before"
        value={filters.before}
        onChange={(before) => onChange({ before })}
      />
    </SimpleGrid>
  );
}
