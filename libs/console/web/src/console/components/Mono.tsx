import { Text } from "@mantine/core";

/** An id, a name or a number as machines write it. */
export function Mono(props: { children: string }) {
  return (
    <Text span size="xs" ff="monospace" style={{ overflowWrap: "anywhere" }} dir="ltr">
      {props.children}
    </Text>
  );
}
