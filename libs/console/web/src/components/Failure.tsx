import { Alert, Button, Stack, Text } from "@mantine/core";
import { ApiProblem } from "../api/problem";

/** What went wrong, in the words of the API, and a way to try again. */
export function Failure(props: { error: unknown; retry?: () => void }) {
  const { error, retry } = props;
  return (
    <Alert color="red" title={titleOf(error)} role="alert">
      <Stack align="flex-start" gap="sm">
        <Text size="sm">{error instanceof Error ? error.message : String(error)}</Text>
        {retry && (
          <Button size="xs" variant="default" onClick={retry}>
            Try again
          </Button>
        )}
      </Stack>
    </Alert>
  );
}

function titleOf(error: unknown): string {
  if (!(error instanceof ApiProblem)) return "This page failed";
  if (error.status === 403) return "You may not do this";
  if (error.status === 404) return "Not found";
  return error.status === 0 ? "No connection" : "The request failed";
}
