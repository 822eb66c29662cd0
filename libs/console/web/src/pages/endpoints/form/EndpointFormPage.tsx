import { Alert, Anchor, Button, Group, Stack } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import {
  type Endpoint,
  type EndpointHeaders,
  endpointById,
  endpointHeaders,
  endpointsKey,
} from "../../../api/endpoints";
import { ApiProblem, faultsByMember } from "../../../api/problem";
import { Failure } from "../../../components/Failure";
import { textsFault } from "../../../components/json";
import { Loaded } from "../../../components/Loaded";
import { Page } from "../../../components/Page";
import "../../../theme/form-styles";
import { useApplication } from "../../application";
import { kindOf } from "../endpoint-kind";
import { EndpointFields } from "./EndpointFields";
import { type FormValues, scheduleOf, valuesOf } from "./form-values";
import { saveEndpoint } from "./save-endpoint";

/** The page that creates an endpoint. */
export function NewEndpointPage() {
  return (
    <Page title="Add an endpoint">
      <EndpointFormOf />
    </Page>
  );
}

/** The page that changes an endpoint. */
export function EditEndpointPage() {
  const { appId } = useApplication();
  const { endpointId = "" } = useParams({ strict: false });
  const endpoint = useQuery(endpointById(appId, endpointId));
  return (
    <Page title="Edit the endpoint" description={endpoint.data?.url}>
      <Loaded query={endpoint}>
        {(found) =>
          kindOf(found.url) === "poller" ? (
            <EndpointFormOf endpoint={found} />
          ) : (
            <WithHeaders endpoint={found} />
          )
        }
      </Loaded>
    </Page>
  );
}

function WithHeaders(props: { endpoint: Endpoint }) {
  const { appId } = useApplication();
  const headers = useQuery(endpointHeaders(appId, props.endpoint.id));
  return (
    <Loaded query={headers}>
      {(found) => <EndpointFormOf endpoint={props.endpoint} headers={found} />}
    </Loaded>
  );
}

/** The form; without `endpoint`, of a new one. */
function EndpointFormOf(props: { endpoint?: Endpoint; headers?: EndpointHeaders }) {
  const { endpoint, headers } = props;
  const { appId, path, may } = useApplication();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const form = useForm<FormValues>({
    initialValues: valuesOf(endpoint, headers),
    validate: {
      url: (url, { kind }) =>
        kind !== "poller" && url.trim() === "" ? "Give the URL of the endpoint." : null,
      eventTypes: (names) =>
        names?.length === 0 ? "Select at least one event, or choose all events." : null,
      retrySchedule: (text, { ownSchedule }) =>
        ownSchedule && scheduleOf(text) === undefined
          ? "Give numbers of seconds, separated by commas."
          : null,
      metadata: textsFault,
    },
  });
  const save = useMutation({
    mutationFn: (values: FormValues) =>
      saveEndpoint(appId, values, endpoint && { endpoint, headers }),
    onSuccess: async ({ id }) => {
      await queries.invalidateQueries({ queryKey: endpointsKey(appId) });
      await navigate({ to: `${path}/endpoints/${id}` });
    },
    onError: (error) => {
      if (error instanceof ApiProblem) form.setErrors(faultsByMember(error));
    },
  });
  if (!may.manageEndpoints)
    return <Alert color="yellow">You may look at endpoints, but not change them.</Alert>;
  const back = endpoint ? `${path}/endpoints/${endpoint.id}` : `${path}/endpoints`;
  return (
    <form onSubmit={form.onSubmit((values) => save.mutate(values))} noValidate>
      <Stack gap="lg" maw={720}>
        <EndpointFields form={form} isNew={endpoint === undefined} />
        {save.isError && <Failure error={save.error} />}
        <Group>
          <Button type="submit" loading={save.isPending}>
            {endpoint ? "Save" : "Add endpoint"}
          </Button>
          <Anchor component={Link} to={back}>
            Cancel
          </Anchor>
        </Group>
      </Stack>
    </form>
  );
}
