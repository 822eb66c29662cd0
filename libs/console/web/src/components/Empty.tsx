import { Stack, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";

/** A list that has nothing in it yet: what would stand here, and what to do. */
export function Empty(props: {
  title: string;
  /** Of the heading; 1 where the page has no other. */
  level?: 1 | 2;
  children?: ReactNode;
  action?: ReactNode;
}) {
  return (
    <Stack align="center" py="xl" gap="xs" ta="center">
      <Title order={props.level ?? 2} size="h4">
        {props.title}
      </Title>
      <Text c="dimmed" maw={480}>
        {props.children}
      </Text>
      {props.action}
    </Stack>
  );
}
