import { Anchor } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { foundApplications } from "../../api/applications";
import { Mono } from "./Mono";

/** An application, by its name if it is one of the newest, whose names one request brings. */
export function ApplicationLink(props: { appId: string }) {
  const { appId } = props;
  const { data } = useQuery(foundApplications(""));
  const name = data?.data.find((application) => application.id === appId)?.name;
  return (
    <Anchor component={Link} to={`/applications/${appId}`} size="sm" title={appId}>
      {name ?? <Mono>{appId}</Mono>}
    </Anchor>
  );
}
