import { Button } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { TbPlus } from "react-icons/tb";
import { endpointPages } from "../../api/endpoints";
import { Empty } from "../../components/Empty";
import { Loaded } from "../../components/Loaded";
import { Page } from "../../components/Page";
import { useApplication } from "../application";
import { EndpointTable } from "./EndpointTable";

/** The endpoints of an application. */
export function EndpointsPage() {
  const { appId, path, may } = useApplication();
  const pages = useInfiniteQuery(endpointPages(appId));
  const create = may.manageEndpoints && (
    <Button
      component={Link}
      to={`${path}/endpoints/new`}
      leftSection={<TbPlus size={16} aria-hidden />}
    >
      Add endpoint
    </Button>
  );
  return (
    <Page title="Endpoints" description="URLs that receive webhooks." actions={create}>
      <Loaded query={pages}>
        {({ pages: loaded }) =>
          loaded[0]?.data.length === 0 ? (
            <Empty title="No endpoints yet">An endpoint is a URL that webhooks are sent to.</Empty>
          ) : (
            <EndpointTable pages={loaded.map((page) => page.data)} />
          )
        }
      </Loaded>
      {pages.hasNextPage && (
        <Button
          variant="default"
          loading={pages.isFetchingNextPage}
          onClick={() => void pages.fetchNextPage()}
        >
          Show more
        </Button>
      )}
    </Page>
  );
}
