/** Filters of a list, which live in the URL. */

import { useNavigate, useSearch } from "@tanstack/react-router";

export type Filters<Name extends string> = Partial<Record<Name, string>>;

/** The filters of these names, and the way to change some of them; undefined removes one. */
export function useFilters<Name extends string>(
  names: readonly Name[],
): [Filters<Name>, (changed: Filters<Name>) => void] {
  const search = useSearch({ strict: false }) as Record<string, unknown>;
  const navigate = useNavigate();
  const filters: Filters<Name> = {};
  for (const name of names) {
    const value = search[name];
    if (["string", "number", "boolean"].includes(typeof value) && value !== "")
      filters[name] = String(value);
  }
  const change = (changed: Filters<Name>) => {
    void navigate({
      to: ".",
      search: (before: Record<string, unknown>) => withoutEmpty({ ...before, ...changed }),
      replace: true,
      resetScroll: false,
    });
  };
  return [filters, change];
}

function withoutEmpty(search: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(search).filter(([, value]) => value !== undefined && value !== ""),
  );
}
