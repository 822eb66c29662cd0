import { Stack, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";

/** A list that has nothing in it yet: what would stand here, and what to do. */
export function Empty(props: { title: string; children?: ReactNode; action?: ReactNode }) {
  return (
    <Stack align="center" py="xl" gap="xs" ta="center">
      <Title order={2} size="h4">
        {props.title}
      </Title>
      <Text c="dimmed" maw={480}>
        {props.children}
      </Text>
      {props.action}
    </Stack>
  );
}
