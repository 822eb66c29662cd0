import { Anchor, Button, Group, Stack, Text, Title } from "@mantine/core";
import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { attemptPages, cancelDelivery, type MessageEndpoint, resend } from "../../api/deliveries";
import { Failure } from "../../components/Failure";
import { Loaded } from "../../components/Loaded";
import { StatusBadge } from "../../components/StatusBadge";
import { When } from "../../components/When";
import { useApplication } from "../application";
import { AttemptDetail } from "./AttemptDetail";
import { AttemptTimeline } from "./AttemptTimeline";
import { deliveryState } from "./words";

/** A message for one endpoint: where it stands, its attempts, and what one can do. */
export function DeliverySection(props: {
  msgId: string;
  delivery: MessageEndpoint;
  attemptId?: string;
}) {
  const { msgId, delivery, attemptId } = props;
  const { appId, path } = useApplication();
  const pages = useInfiniteQuery(attemptPages(appId, msgId, delivery.id));
  const attempts = pages.data?.pages.flatMap((page) => page.data) ?? [];
  const chosen = attempts.find(({ id }) => id === attemptId) ?? attempts[0];
  const { word, color } = deliveryState(delivery);
  return (
    <Stack gap="md" component="section" aria-label={`Delivery to ${delivery.url}`}>
      <Group justify="space-between" align="flex-start">
        <Stack gap={4} miw={0}>
          <Title order={3} size="h4" style={{ overflowWrap: "anywhere" }}>
            {delivery.deleted ? (
              delivery.url
            ) : (
              <Anchor component={Link} to={`${path}/endpoints/${delivery.id}`} inherit>
                {delivery.url}
              </Anchor>
            )}
          </Title>
          <Group gap="xs">
            <StatusBadge color={color}>{word}</StatusBadge>
            <Next delivery={delivery} />
          </Group>
        </Stack>
        <Actions msgId={msgId} delivery={delivery} />
      </Group>
      <Loaded query={pages} lines={3}>
        {() =>
          attempts.length === 0 ? (
            <Text c="dimmed">No attempt was made yet.</Text>
          ) : (
            <AttemptTimeline
              attempts={attempts}
              complete={!pages.hasNextPage}
              chosen={chosen?.id}
              nextAttempt={delivery.nextAttempt ?? undefined}
            />
          )
        }
      </Loaded>
      {pages.hasNextPage && (
        <div>
          <Button
            variant="default"
            size="xs"
            loading={pages.isFetchingNextPage}
            onClick={() => void pages.fetchNextPage()}
          >
            Earlier attempts
          </Button>
        </div>
      )}
      {chosen && <AttemptDetail msgId={msgId} attemptId={chosen.id} />}
    </Stack>
  );
}

function Next(props: { delivery: MessageEndpoint }) {
  const { nextAttempt, canceledReason, deleted } = props.delivery;
  return (
    <Text size="sm" c="dimmed">
      {nextAttempt && (
        <>
          Next attempt <When at={nextAttempt} />.{" "}
        </>
      )}
      {canceledReason !== undefined && `Canceled: ${canceledReason.replaceAll("_", " ")}. `}
      {deleted && "The endpoint was deleted."}
    </Text>
  );
}

function Actions(props: { msgId: string; delivery: MessageEndpoint }) {
  const { msgId, delivery } = props;
  const { appId, may } = useApplication();
  const client = useQueryClient();
  const reload = () => client.invalidateQueries({ queryKey: ["app", appId, "msg", msgId] });
  const again = useMutation({
    mutationFn: () => resend(appId, msgId, delivery.id),
    onSuccess: reload,
  });
  const cancel = useMutation({
    mutationFn: () => cancelDelivery(appId, msgId, delivery.id),
    onSuccess: reload,
  });
  const pending = delivery.statusText === "pending" || delivery.statusText === "sending";
  const failed = again.error ?? cancel.error;
  return (
    <Stack gap="xs" align="flex-end">
      <Group gap="xs">
        {may.manageEndpoints && pending && (
          <Button
            variant="default"
            size="sm"
            loading={cancel.isPending}
            onClick={() => cancel.mutate()}
          >
            Cancel what is pending
          </Button>
        )}
        {may.createAttempts && !delivery.deleted && (
          <Button size="sm" loading={again.isPending} onClick={() => again.mutate()}>
            Resend
          </Button>
        )}
      </Group>
      <Text size="sm" c="dimmed" role="status">
        {again.isSuccess && "Sent again."}
        {cancel.isSuccess &&
          (cancel.data.canceled > 0 ? "Canceled." : "There was nothing left to be canceled.")}
      </Text>
      {failed && <Failure error={failed} />}
    </Stack>
  );
}
