import { Anchor, Group, Stack, Table, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { Attempt } from "../../api/deliveries";
import { StatusBadge } from "../../components/StatusBadge";
import { When } from "../../components/When";
import classes from "./AttemptTimeline.module.css";
import { PHASE_WORDS, PHASES, phasesOf, placesOf, segmentsOf } from "./timeline";
import { milliseconds, outcomeOf } from "./words";

const SUCCESS = 0;
const MANUAL = 1;

interface Numbered {
  attempt: Attempt;
  number?: number;
}

/** When each attempt was made and how long its phases took, as a picture and in a table. */
export function AttemptTimeline(props: {
  /** Newest first. */
  attempts: Attempt[];
  /** False if there are earlier ones than these. */
  complete: boolean;
  chosen?: string;
  nextAttempt?: string;
}) {
  const { attempts, complete, chosen, nextAttempt } = props;
  const numbered = attempts.map((attempt, index) => ({
    attempt,
    number: attempt.attemptNumber ?? (complete ? attempts.length - index : undefined),
  }));
  const longest = Math.max(0, ...attempts.map((attempt) => phasesOf(attempt)?.total ?? 0));
  return (
    <Stack gap="sm">
      <Axis attempts={numbered} nextAttempt={nextAttempt} />
      <Table.ScrollContainer minWidth={760}>
        <Table verticalSpacing="xs" aria-label="Attempts, newest first">
          <Table.Thead>
            <Table.Tr>
              <Table.Th scope="col">Attempt</Table.Th>
              <Table.Th scope="col">Outcome</Table.Th>
              <Table.Th scope="col">Phases</Table.Th>
              {["DNS", "Connect", "TLS", "First byte", "Body", "Total"].map((title) => (
                <Table.Th scope="col" key={title} className={classes.number}>
                  {title}
                </Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {numbered.map((one) => (
              <Row
                key={one.attempt.id}
                {...one}
                chosen={one.attempt.id === chosen}
                longest={longest}
              />
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      <Legend />
    </Stack>
  );
}

function Row(props: Numbered & { chosen: boolean; longest: number }) {
  const { attempt, number, chosen, longest } = props;
  const times = phasesOf(attempt);
  const succeeded = attempt.status === SUCCESS;
  const outcome = outcomeOf({ ...attempt, durationMs: attempt.responseDurationMs });
  return (
    <Table.Tr className={chosen ? classes.chosen : undefined}>
      <Table.Td>
        <Anchor
          component={Link}
          to="."
          search={((search: object) => ({ ...search, attempt: attempt.id })) as never}
          replace
          resetScroll={false}
          aria-current={chosen ? "true" : undefined}
        >
          {number === undefined ? "Attempt" : `Attempt ${number}`}
        </Anchor>
        <Text size="xs" c="dimmed">
          <When at={attempt.timestamp} />
          {attempt.triggerType === MANUAL && ", resent"}
        </Text>
      </Table.Td>
      <Table.Td>
        <StatusBadge color={succeeded ? "teal" : "red"}>
          {succeeded ? "Succeeded" : "Failed"}
        </StatusBadge>
        <Text size="xs" c="dimmed" maw={240} style={{ overflowWrap: "anywhere" }}>
          {outcome}
        </Text>
      </Table.Td>
      <Table.Td>
        {times && (
          <div className={classes.bar} aria-hidden>
            {segmentsOf(times, longest).map(({ phase, start, width }) => (
              <div
                key={phase}
                className={classes.segment}
                data-phase={phase}
                style={{ insetInlineStart: `${start}%`, width: `${width}%` }}
              />
            ))}
          </div>
        )}
      </Table.Td>
      {(["dns", "connect", "tls", "firstByte", "body", "total"] as const).map((part) => (
        <Table.Td key={part} className={classes.number}>
          {times ? milliseconds(times[part]) : "–"}
        </Table.Td>
      ))}
    </Table.Tr>
  );
}

/** Dots at the times of the attempts; the table says the same. */
function Axis(props: { attempts: Numbered[]; nextAttempt?: string }) {
  const { attempts, nextAttempt } = props;
  const oldestFirst = attempts.toReversed();
  const times = oldestFirst.map(({ attempt }) => Date.parse(attempt.timestamp));
  if (nextAttempt !== undefined) times.push(Date.parse(nextAttempt));
  const first = oldestFirst[0]?.attempt.timestamp;
  if (times.length < 2 || first === undefined) return null;
  const places = placesOf(times);
  const last = nextAttempt ?? oldestFirst.at(-1)?.attempt.timestamp ?? first;
  return (
    <div className={classes.axis} aria-hidden>
      {oldestFirst.map(({ attempt }, index) => (
        <div
          key={attempt.id}
          className={classes.dot}
          data-succeeded={attempt.status === SUCCESS || undefined}
          style={{ insetInlineStart: `${places[index]}%` }}
        />
      ))}
      {nextAttempt !== undefined && (
        <div className={classes.dot} data-planned style={{ insetInlineStart: "100%" }} />
      )}
      <div className={classes.ends}>
        <span>
          first attempt <When at={first} />
        </span>
        <span>
          {nextAttempt === undefined ? "last attempt" : "next attempt"} <When at={last} />
        </span>
      </div>
    </div>
  );
}

function Legend() {
  return (
    <Group gap="md" aria-hidden>
      {PHASES.map((phase) => (
        <Text size="xs" c="dimmed" key={phase}>
          <span className={classes.swatch} data-phase={phase} />
          {PHASE_WORDS[phase]}
        </Text>
      ))}
    </Group>
  );
}
