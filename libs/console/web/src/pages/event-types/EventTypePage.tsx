import { Button, NativeSelect, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { lazy, Suspense, useState } from "react";
import { type EventType, eventType } from "../../api/event-types";
import { CodeBlock } from "../../components/CodeBlock";
import { Loaded } from "../../components/Loaded";
import { Page } from "../../components/Page";
import { Section } from "../../components/Section";
import { StatusBadge } from "../../components/StatusBadge";
import { useApplication } from "../application";
import { exampleOf, versionsOf } from "./example";
import { SchemaTable } from "./SchemaTable";

const SendToEndpoint = lazy(() => import("./SendToEndpoint"));

/** One event type: what it means, its schema and an example. */
export function EventTypePage() {
  const { eventTypeName = "" } = useParams({ strict: false });
  const type = useQuery(eventType(eventTypeName));
  return (
    <Page title={eventTypeName} description={type.data?.description}>
      <Loaded query={type}>
        {(found) => (
          <>
            {found.deprecated && (
              <div>
                <StatusBadge color="yellow">Deprecated</StatusBadge>
              </div>
            )}
            <Contents key={found.name} type={found} />
          </>
        )}
      </Loaded>
    </Page>
  );
}

function Contents(props: { type: EventType }) {
  const { type } = props;
  const { may } = useApplication();
  const versions = versionsOf(type.schemas);
  const [version, setVersion] = useState(versions[0] ?? "");
  const schema = type.schemas?.[version];
  const example = exampleOf(schema);
  const [raw, setRaw] = useState(false);
  return (
    <Stack gap="md">
      <Section
        title="Schema"
        actions={
          <>
            {versions.length > 1 && (
              <NativeSelect
                size="xs"
                aria-label="Version of the schema"
                data={versions.map((one) => ({ value: one, label: `Version ${one}` }))}
                value={version}
                onChange={(event) => setVersion(event.currentTarget.value)}
              />
            )}
            {schema !== undefined && (
              <Button size="xs" variant="default" onClick={() => setRaw(!raw)}>
                {raw ? "Show as a table" : "Show as JSON"}
              </Button>
            )}
          </>
        }
      >
        <Schema schema={schema} raw={raw} />
      </Section>
      <Section title="Example">
        {example === undefined ? (
          <Text size="sm" c="dimmed">
            The schema has no example.
          </Text>
        ) : (
          <CodeBlock label="the example" text={JSON.stringify(example, null, 2)} />
        )}
      </Section>
      {may.createAttempts && example !== undefined && version === versions[0] && (
        <Suspense>
          <SendToEndpoint eventType={type.name} />
        </Suspense>
      )}
    </Stack>
  );
}

function Schema(props: { schema: unknown; raw: boolean }) {
  const { schema, raw } = props;
  if (schema === undefined)
    return (
      <Text size="sm" c="dimmed">
        The event type has no schema.
      </Text>
    );
  if (!raw) return <SchemaTable schema={schema} />;
  return <CodeBlock label="the JSON schema" text={JSON.stringify(schema, null, 2)} />;
}
