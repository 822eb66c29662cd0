/** What a change of the audit log changed, member by member. */

import { isObject } from "../../components/json";

export interface ChangedMember {
  /** Where it is, such as `headers.x-api-key`. */
  path: string;
  /** As JSON; undefined where it did not exist. */
  before?: string;
  after?: string;
}

const DEPTH_MAX = 6;

/** The members that differ, each as deep as both sides are objects. */
export function changedMembers(before: unknown, after: unknown): ChangedMember[] {
  return compared("", before ?? undefined, after ?? undefined, 0);
}

function compared(path: string, before: unknown, after: unknown, depth: number): ChangedMember[] {
  const sides = [before, after].filter((side) => side !== undefined);
  if (
    sides.length > 0 &&
    sides.every(isObject) &&
    depth < DEPTH_MAX &&
    (path === "" || sides.length === 2)
  ) {
    const names = new Set(sides.flatMap((side) => Object.keys(side as object)));
    return [...names].flatMap((name) =>
      compared(
        path ? `${path}.${name}` : name,
        member(before, name),
        member(after, name),
        depth + 1,
      ),
    );
  }
  const [was, is] = [textOf(before), textOf(after)];
  return was === is ? [] : [{ path, before: was, after: is }];
}

function member(side: unknown, name: string): unknown {
  return isObject(side) && Object.hasOwn(side, name) ? side[name] : undefined;
}

function textOf(value: unknown): string | undefined {
  return value === undefined ? undefined : JSON.stringify(value, null, 1);
}
