import { Button } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { lazy, Suspense, useState } from "react";
import { changeEndpoint, type Endpoint, endpointsKey } from "../../api/endpoints";
import { useApplication } from "../application";

const DisableDialog = lazy(() => import("./DisableDialog"));
const DeleteDialog = lazy(() => import("./DeleteDialog"));

/** What can be done with an endpoint as a whole. */
export function EndpointActions(props: { endpoint: Endpoint }) {
  const { endpoint } = props;
  const { appId, path } = useApplication();
  const queries = useQueryClient();
  const [asked, setAsked] = useState<"disable" | "delete">();
  const enable = useMutation({
    mutationFn: () => changeEndpoint(appId, endpoint.id, { disabled: false }),
    onSuccess: () => queries.invalidateQueries({ queryKey: endpointsKey(appId) }),
  });
  const close = () => setAsked(undefined);
  return (
    <>
      <Button component={Link} to={`${path}/endpoints/${endpoint.id}/edit`} variant="default">
        Edit
      </Button>
      {endpoint.disabled ? (
        <Button variant="default" loading={enable.isPending} onClick={() => enable.mutate()}>
          Enable
        </Button>
      ) : (
        <Button variant="default" onClick={() => setAsked("disable")}>
          Disable
        </Button>
      )}
      <Button variant="outline" color="red" onClick={() => setAsked("delete")}>
        Delete
      </Button>
      <Suspense>
        {asked === "disable" && <DisableDialog endpoint={endpoint} onClose={close} />}
        {asked === "delete" && <DeleteDialog endpoint={endpoint} onClose={close} />}
      </Suspense>
    </>
  );
}
