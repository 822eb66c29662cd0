/** What an import of an OpenAPI document changes. */

import type { Schemas } from "../../api/client";
import type { EventType } from "../../api/event-types";

type Imported = Schemas["EventTypeFromOpenApi"];

export interface ImportChange {
  name: string;
  kind: "created" | "changed" | "archived";
  /** What of an existing one changes, in words. */
  members: string[];
}

/** Compares what a document has with what exists; with `replaceAll` the rest is archived. */
export function importChanges(
  imported: Imported[],
  existing: EventType[],
  replaceAll: boolean,
): ImportChange[] {
  const byName = new Map(existing.map((type) => [type.name, type]));
  const changes = imported.map((each): ImportChange => {
    const before = byName.get(each.name);
    return before === undefined
      ? { name: each.name, kind: "created", members: [] }
      : { name: each.name, kind: "changed", members: changedMembers(before, each) };
  });
  const named = new Set(imported.map(({ name }) => name));
  const archived = existing
    .filter(({ name, archived }) => replaceAll && !archived && !named.has(name))
    .map(({ name }): ImportChange => ({ name, kind: "archived", members: [] }));
  return [...changes, ...archived];
}

function changedMembers(before: EventType, after: Imported): string[] {
  const members: [string, unknown, unknown][] = [
    ["description", before.description, after.description],
    ["group", before.groupName, after.groupName],
    ["deprecated", before.deprecated, after.deprecated],
    ["feature flags", before.featureFlags, after.featureFlags],
    ["schema", before.schemas, after.schemas],
  ];
  const changed = members
    .filter(([, old, now]) => canonical(old) !== canonical(now))
    .map(([member]) => member);
  return before.archived ? [...changed, "restored from the archive"] : changed;
}

/** The same text for the same JSON value, in whatever order its members are. */
function canonical(value: unknown): string {
  return JSON.stringify(value ?? null, (_, each) =>
    typeof each === "object" && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)))
      : each,
  );
}
