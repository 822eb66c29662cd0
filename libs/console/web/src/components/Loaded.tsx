import { Skeleton, Stack } from "@mantine/core";
import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Failure } from "./Failure";

/** Shows what a query brought, and until then, or instead, that it loads or failed. */
export function Loaded<Data>(props: {
  query: UseQueryResult<Data>;
  /** Lines of the placeholder. */
  lines?: number;
  children: (data: Data) => ReactNode;
}) {
  const { query, lines = 5, children } = props;
  if (query.data !== undefined) return children(query.data);
  if (query.isError) return <Failure error={query.error} retry={() => void query.refetch()} />;
  return (
    <Stack gap="xs" aria-busy="true" aria-label="Loading" role="status">
      {Array.from({ length: lines }, (_, line) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the lines are all the same.
        <Skeleton key={line} height={32} />
      ))}
    </Stack>
  );
}
