import { Button } from "@mantine/core";
import { useState } from "react";
import classes from "./JsonTree.module.css";
import { entriesOf, scalarText } from "./json";

const OPEN_DEPTH = 3;
const ENTRIES_SHOWN = 100;

/** A JSON value as a tree that can be opened and closed. */
export function JsonTree(props: { value: unknown }) {
  return (
    <div className={classes.tree} dir="ltr">
      <Node value={props.value} depth={0} />
    </div>
  );
}

function Node(props: { name?: string; value: unknown; depth: number }) {
  const { name, value, depth } = props;
  const [opened, setOpened] = useState(depth < OPEN_DEPTH);
  const entries = entriesOf(value);
  const label = name === undefined ? null : <span className={classes.name}>{name}: </span>;
  if (entries === undefined)
    return (
      <div className={classes.line}>
        {label}
        {scalarText(value)}
      </div>
    );
  return (
    <details open={opened} onToggle={(event) => setOpened(event.currentTarget.open)}>
      <summary className={classes.line}>
        {label}
        {summaryOf(value, entries.length)}
      </summary>
      {opened && <Entries entries={entries} depth={depth} isArray={Array.isArray(value)} />}
    </details>
  );
}

function Entries(props: { entries: [string, unknown][]; depth: number; isArray: boolean }) {
  const { entries, depth, isArray } = props;
  const [shown, setShown] = useState(ENTRIES_SHOWN);
  return (
    <div>
      {entries.slice(0, shown).map(([name, value]) => (
        <Node
          key={name}
          name={isArray ? name : JSON.stringify(name)}
          value={value}
          depth={depth + 1}
        />
      ))}
      {entries.length > shown && (
        <Button size="compact-xs" variant="default" onClick={() => setShown(shown * 4)}>
          Show more of {entries.length.toLocaleString()}
        </Button>
      )}
    </div>
  );
}

function summaryOf(value: unknown, count: number): string {
  if (Array.isArray(value)) return count === 1 ? "[1 item]" : `[${count} items]`;
  return count === 1 ? "{1 member}" : `{${count} members}`;
}
