import { SimpleGrid, Stack } from "@mantine/core";
import "@mantine/core/styles/SimpleGrid.css";
import type { Endpoint } from "../../../api/endpoints";
import { useApplication } from "../../application";
import { kindOf } from "../endpoint-kind";
import { Details } from "./Details";
import { Headers } from "./Headers";
import { Health } from "./Health";
import { PollerConsumers } from "./PollerConsumers";
import { RecentAttempts } from "./RecentAttempts";
import { Secret } from "./Secret";

/** How an endpoint is doing, its secret, and how it is set up. */
export function Overview(props: { endpoint: Endpoint }) {
  const { endpoint } = props;
  const { may } = useApplication();
  if (kindOf(endpoint.url) === "poller")
    return (
      <Stack gap="md">
        <PollerConsumers endpoint={endpoint} />
        <Details endpoint={endpoint} />
      </Stack>
    );
  return (
    <Stack gap="md">
      <Health endpoint={endpoint} />
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="md">
        <Stack gap="md" miw={0}>
          {may.viewSecrets && <Secret endpoint={endpoint} />}
          {may.manageEndpoints && <Headers endpoint={endpoint} />}
        </Stack>
        <Details endpoint={endpoint} />
      </SimpleGrid>
      <RecentAttempts endpoint={endpoint} />
    </Stack>
  );
}
