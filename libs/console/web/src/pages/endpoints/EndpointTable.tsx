import { Anchor, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { activityOf, deliveryState, type Endpoint } from "../../api/endpoints";
import { Sparkline } from "../../components/Sparkline";
import { useApplication } from "../application";
import { activityWords, sum } from "./activity";
import { EndpointStatus } from "./EndpointStatus";
import classes from "./EndpointTable.module.css";
import { mayBeHeldUp } from "./endpoint-status";

/** Endpoints with their state and what happened in the last 24 hours. */
export function EndpointTable(props: { pages: Endpoint[][] }) {
  return (
    <div className={classes.scroll}>
      <table className={classes.table}>
        <thead>
          <tr>
            <th scope="col">Endpoint</th>
            <th scope="col" style={{ width: "32%" }}>
              Status
            </th>
            <th scope="col" style={{ width: 210 }}>
              Last 24 hours
            </th>
          </tr>
        </thead>
        {props.pages.map((endpoints) => (
          <EndpointRows key={endpoints[0]?.id} endpoints={endpoints} />
        ))}
      </table>
    </div>
  );
}

/** The rows of one page, whose activity is asked for together. */
function EndpointRows(props: { endpoints: Endpoint[] }) {
  const { appId } = useApplication();
  const ids = props.endpoints.map(({ id }) => id);
  const activity = useQuery({ ...activityOf(appId, ids), enabled: ids.length > 0 });
  const byId = new Map(activity.data?.map((one) => [one.endpointId, one]));
  return (
    <tbody>
      {props.endpoints.map((endpoint) => (
        <EndpointRow
          key={endpoint.id}
          endpoint={endpoint}
          activity={byId.get(endpoint.id)}
          settled={!activity.isPending}
        />
      ))}
    </tbody>
  );
}

function EndpointRow(props: {
  endpoint: Endpoint;
  activity?: { success: number[]; fail: number[] };
  /** Whether the activity is known, or known to be unknown. */
  settled: boolean;
}) {
  const { endpoint, activity, settled } = props;
  const { appId, path } = useApplication();
  const state = useQuery({
    ...deliveryState(appId, endpoint.id),
    enabled: settled && mayBeHeldUp(endpoint, activity && sum(activity.fail)),
  });
  return (
    <tr>
      <td style={{ overflowWrap: "anywhere" }}>
        <Anchor component={Link} to={`${path}/endpoints/${endpoint.id}`} fw={500}>
          {endpoint.url}
        </Anchor>
        {endpoint.description && (
          <Text size="sm" c="dimmed">
            {endpoint.description}
          </Text>
        )}
      </td>
      <td>
        <EndpointStatus endpoint={endpoint} state={state.data} />
      </td>
      <td>
        {activity && (
          <>
            <Sparkline {...activity} label={activityWords(activity)} />
            <Text size="xs" c="dimmed" aria-hidden>
              {activityWords(activity)}
            </Text>
          </>
        )}
      </td>
    </tr>
  );
}
