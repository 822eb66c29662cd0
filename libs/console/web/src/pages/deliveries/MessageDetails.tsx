import { Alert, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type Message, rawPayload } from "../../api/messages";
import { Loaded } from "../../components/Loaded";
import { When } from "../../components/When";
import { useApplication } from "../application";
import { BodyView } from "./BodyView";
import classes from "./DeliveryPage.module.css";

/** A message: what it is, and its payload. */
export function MessageDetails(props: { message: Message }) {
  const { message } = props;
  const { appId } = useApplication();
  const payload = useQuery(rawPayload(appId, message.id));
  return (
    <Stack gap="md" component="section" aria-label="Message">
      <dl className={classes.details}>
        <Detail name="Message id" value={message.id} />
        <Detail name="Event id" value={message.eventId} />
        <dt>Accepted</dt>
        <dd>
          <When at={message.timestamp} />
        </dd>
        {message.deliverAt && (
          <>
            <dt>Scheduled for</dt>
            <dd>
              <When at={message.deliverAt} />
            </dd>
          </>
        )}
        {message.canceledAt && (
          <>
            <dt>Canceled</dt>
            <dd>
              <When at={message.canceledAt} />
            </dd>
          </>
        )}
        <Detail name="Channels" value={message.channels?.join(", ")} />
        <Detail name="Tags" value={message.tags?.join(", ")} />
      </dl>
      <Title order={2} size="h4">
        Payload
      </Title>
      <Loaded query={payload} lines={4}>
        {(loaded) =>
          loaded === null ? (
            <Alert color="gray" title="The payload was deleted">
              <Text size="sm">
                The message and its attempts stay on record. It cannot be sent again.
              </Text>
            </Alert>
          ) : (
            <BodyView of="payload" bytes={loaded.bytes} contentType={loaded.contentType} />
          )
        }
      </Loaded>
    </Stack>
  );
}

function Detail(props: { name: string; value?: string | null }) {
  const { name, value } = props;
  if (!value) return null;
  return (
    <>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </>
  );
}
