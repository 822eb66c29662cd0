import { Button, Group, NativeSelect, Stack, Text } from "@mantine/core";
import { useInfiniteQuery, useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { type Endpoint, endpointPages } from "../../api/endpoints";
import { sendExample } from "../../api/redelivery";
import { Failure } from "../../components/Failure";
import { Loaded } from "../../components/Loaded";
import { Section } from "../../components/Section";
import { useApplication } from "../application";
import { kindOf } from "../endpoints/endpoint-kind";
import { SentExample } from "../endpoints/testing/SentExample";

/** Sends the example of an event type to an endpoint that one chooses. */
export default function SendToEndpoint(props: { eventType: string }) {
  const { appId } = useApplication();
  const pages = useInfiniteQuery(endpointPages(appId));
  return (
    <Section title="Send the example" description="The endpoint gets it as a webhook, now.">
      <Loaded query={pages} lines={1}>
        {({ pages: loaded }) => {
          const enabled = loaded
            .flatMap((page) => page.data)
            .filter(({ disabled, url }) => !disabled && kindOf(url) !== "poller");
          return enabled.length === 0 ? (
            <Text size="sm" c="dimmed">
              There is no endpoint that it could be sent to.
            </Text>
          ) : (
            <Stack gap="sm">
              <Choice {...props} endpoints={enabled} />
              {pages.hasNextPage && (
                <div>
                  <Button
                    size="compact-sm"
                    variant="subtle"
                    loading={pages.isFetchingNextPage}
                    onClick={() => void pages.fetchNextPage()}
                  >
                    More endpoints
                  </Button>
                </div>
              )}
            </Stack>
          );
        }}
      </Loaded>
    </Section>
  );
}

function Choice(props: { eventType: string; endpoints: Endpoint[] }) {
  const { eventType, endpoints } = props;
  const { appId } = useApplication();
  const [chosen, setChosen] = useState(endpoints[0]?.id ?? "");
  const send = useMutation({ mutationFn: () => sendExample(appId, chosen, eventType) });
  return (
    <Stack gap="sm">
      <Group align="flex-end">
        <NativeSelect
          label="Endpoint"
          maw={480}
          value={chosen}
          data={endpoints.map(({ id, url, description }) => ({
            value: id,
            label: description ? `${url} (${description})` : url,
          }))}
          onChange={(event) => {
            setChosen(event.currentTarget.value);
            send.reset();
          }}
        />
        <Button loading={send.isPending} onClick={() => send.mutate()}>
          Send example
        </Button>
      </Group>
      {send.isError && <Failure error={send.error} />}
      {send.data && <SentExample endpointId={chosen} messageId={send.data.id} />}
    </Stack>
  );
}
