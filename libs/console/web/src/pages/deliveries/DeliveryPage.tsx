import { Button, Stack, Text, Title } from "@mantine/core";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link, useParams, useSearch } from "@tanstack/react-router";
import { useEffect } from "react";
import { type MessageEndpoint, messageEndpointPages } from "../../api/deliveries";
import { oneMessage } from "../../api/messages";
import { Empty } from "../../components/Empty";
import { Loaded } from "../../components/Loaded";
import { Page } from "../../components/Page";
import { StatusBadge } from "../../components/StatusBadge";
import { useApplication } from "../application";
import classes from "./DeliveryPage.module.css";
import { DeliverySection } from "./DeliverySection";
import { MessageDetails } from "./MessageDetails";
import { useLiveMessage } from "./use-live-message";
import { deliveryState } from "./words";

/** A message: its payload, and what became of it at each endpoint. */
export function DeliveryPage() {
  const { appId, path } = useApplication();
  const { msgId = "" } = useParams({ strict: false }) as { msgId?: string };
  const message = useQuery(oneMessage(appId, msgId));
  const live = useLiveMessage(appId, message.data?.id ?? msgId, message.data?.eventType);
  return (
    <Page
      title={message.data?.eventType ?? "Delivery"}
      description={message.data?.id ?? msgId}
      actions={
        <>
          {live && <StatusBadge color="teal">Live</StatusBadge>}
          <Button component={Link} to={`${path}/deliveries`} variant="default" size="xs">
            All deliveries
          </Button>
        </>
      }
    >
      <Loaded query={message}>
        {(found) => (
          <div className={classes.columns}>
            <MessageDetails message={found} />
            <Deliveries msgId={found.id} scheduled={found.deliverAt !== undefined} />
          </div>
        )}
      </Loaded>
    </Page>
  );
}

function Deliveries(props: { msgId: string; scheduled: boolean }) {
  const { msgId, scheduled } = props;
  const { appId } = useApplication();
  const { endpoint, attempt } = useSearch({ strict: false }) as Record<string, unknown>;
  const pages = useInfiniteQuery(messageEndpointPages(appId, msgId));
  const deliveries = pages.data?.pages.flatMap((page) => page.data) ?? [];
  const named = deliveries.find(({ id }) => id === endpoint);
  const { hasNextPage, isFetching, fetchNextPage } = pages;
  const isSought = typeof endpoint === "string" && named === undefined && hasNextPage;
  useEffect(() => {
    if (isSought && !isFetching) void fetchNextPage();
  }, [isSought, isFetching, fetchNextPage]);
  const chosen = named ?? deliveries[0];
  return (
    <Stack gap="md">
      <Title order={2} size="h4">
        Deliveries
      </Title>
      <Loaded query={pages}>
        {() =>
          chosen === undefined ? (
            <Empty title="Not delivered to any endpoint">
              {scheduled
                ? "The message is sent at its time."
                : "No enabled endpoint takes messages of this type, or none was tried yet."}
            </Empty>
          ) : (
            <>
              {deliveries.length > 1 && <EndpointList deliveries={deliveries} chosen={chosen.id} />}
              {pages.hasNextPage && (
                <Button
                  variant="default"
                  size="xs"
                  loading={pages.isFetchingNextPage}
                  onClick={() => void pages.fetchNextPage()}
                >
                  More endpoints
                </Button>
              )}
              {!isSought && (
                <DeliverySection
                  key={chosen.id}
                  msgId={msgId}
                  delivery={chosen}
                  attemptId={typeof attempt === "string" ? attempt : undefined}
                />
              )}
            </>
          )
        }
      </Loaded>
    </Stack>
  );
}

function EndpointList(props: { deliveries: MessageEndpoint[]; chosen: string }) {
  const { deliveries, chosen } = props;
  return (
    <ul className={classes.endpoints} aria-label="Endpoints of this message">
      {deliveries.map((delivery) => {
        const { word, color } = deliveryState(delivery);
        return (
          <li key={delivery.id}>
            <Link
              className={classes.endpoint}
              to="."
              search={{ endpoint: delivery.id } as never}
              replace
              resetScroll={false}
              aria-current={delivery.id === chosen ? "true" : undefined}
            >
              <Text size="sm" span>
                {delivery.url}
              </Text>
              <StatusBadge color={color}>{word}</StatusBadge>
            </Link>
          </li>
        );
      })}
    </ul>
  );
}
