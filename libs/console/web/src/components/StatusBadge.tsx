import { Badge } from "@mantine/core";

/** A state in a word, with a dot whose colour says the same. */
export function StatusBadge(props: { color: string; children: string }) {
  return (
    <Badge variant="dot" color={props.color} tt="none" fw={500}>
      {props.children}
    </Badge>
  );
}
