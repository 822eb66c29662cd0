/** The form of an event type: its values, what is wrong with them, and what is sent. */

import { useForm } from "@mantine/form";
import type { Schemas } from "../../api/client";
import type { EventType } from "../../api/event-types";
import { isObject, prettyJson, readJson } from "../../components/json";
import { scheduleFault, scheduleOf, scheduleText } from "../retry-schedule";

export interface SchemaVersion {
  /** Of the row in the form. */
  key: string;
  version: string;
  text: string;
}

export interface EventTypeValues extends Record<string, unknown> {
  name: string;
  description: string;
  groupName: string;
  deprecated: boolean;
  featureFlags: string;
  retrySchedule: string;
  versions: SchemaVersion[];
}

const NAME = /^[a-zA-Z0-9\-_.]{1,256}$/;

/** The form of a new event type, or of an existing one. */
export function useEventTypeForm(type?: EventType) {
  return useForm<EventTypeValues>({
    initialValues: valuesOf(type),
    validate: {
      name: (name) => (NAME.test(name) ? null : "Write letters, digits, `-`, `_` and `.` only."),
      retrySchedule: scheduleFault,
      versions: {
        version: (version) =>
          /^[^\s]{1,32}$/.test(version) ? null : "Write a version, such as 1.",
        text: schemaFault,
      },
    },
  });
}

/** An event type as the form has it. */
export function valuesOf(type: EventType | undefined): EventTypeValues {
  return {
    name: type?.name ?? "",
    description: type?.description ?? "",
    groupName: type?.groupName ?? "",
    deprecated: type?.deprecated ?? false,
    featureFlags: (type?.featureFlags ?? []).join(", "),
    retrySchedule: scheduleText(type?.retrySchedule),
    versions: Object.entries(type?.schemas ?? {}).map(([version, schema]) => ({
      key: version,
      version,
      text: prettyJson(schema),
    })),
  };
}

/** What the form says, as the API takes it. */
export function bodyOf(values: EventTypeValues): Omit<Schemas["EventTypeIn"], "name"> {
  const { description, groupName, deprecated, featureFlags, retrySchedule, versions } = values;
  const flags = listed(featureFlags);
  return {
    description,
    groupName: groupName === "" ? null : groupName,
    deprecated,
    featureFlags: flags.length > 0 ? flags : null,
    retrySchedule: scheduleOf(retrySchedule),
    schemas:
      versions.length === 0
        ? null
        : Object.fromEntries(versions.map(({ version, text }) => [version, JSON.parse(text)])),
  };
}

/** What the next version would be named. */
export function nextVersion(versions: SchemaVersion[]): string {
  const numbers = versions.map(({ version }) => Number(version)).filter(Number.isInteger);
  return String(Math.max(0, ...numbers) + 1);
}

function schemaFault(text: string): string | null {
  const read = readJson(text);
  if (!read.ok) return read.sentence;
  return isObject(read.value) ? null : "A JSON schema is an object here.";
}

function listed(text: string): string[] {
  return text
    .split(",")
    .map((each) => each.trim())
    .filter(Boolean);
}
