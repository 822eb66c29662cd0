import { Alert, Anchor, Group, Loader, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type Attempt, firstAttempt } from "../../../api/redelivery";
import { CodeBlock } from "../../../components/CodeBlock";
import { Failure } from "../../../components/Failure";
import { useApplication } from "../../application";
import { durationOf } from "../overview/milliseconds";
import { AttemptOutcome } from "./AttemptOutcome";

/** The answer to an example that was sent, as soon as it is there. */
export function SentExample(props: { endpointId: string; messageId: string }) {
  const { endpointId, messageId } = props;
  const { appId, path } = useApplication();
  const attempt = useQuery(firstAttempt(appId, messageId, endpointId));
  return (
    <Stack gap="sm" role="status" aria-label="The answer to the test event">
      {attempt.isError ? (
        <Failure error={attempt.error} retry={() => void attempt.refetch()} />
      ) : attempt.data ? (
        <Answer attempt={attempt.data} />
      ) : (
        <Group gap="xs">
          <Loader size="xs" aria-hidden />
          <Text size="sm">Sent. Waiting for the answer…</Text>
        </Group>
      )}
      <Anchor component={Link} to={`${path}/deliveries/${messageId}`} size="sm">
        See the delivery
      </Anchor>
    </Stack>
  );
}

function Answer(props: { attempt: Attempt }) {
  const { attempt } = props;
  const explanation = attempt.explanation;
  return (
    <>
      <Group gap="md">
        <AttemptOutcome attempt={attempt} />
        <Text size="sm" c="dimmed">
          {durationOf(attempt)}
        </Text>
      </Group>
      {explanation && (
        <Alert color="yellow" title="What to change">
          {explanation.remedy}
        </Alert>
      )}
      {attempt.response === "" ? (
        <Text size="sm" c="dimmed">
          The answer has no body.
        </Text>
      ) : (
        <CodeBlock text={attempt.response} label="the body of the answer" maxHeight="16rem" />
      )}
    </>
  );
}
