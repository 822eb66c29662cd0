import {
  type AnyRoute,
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
} from "@tanstack/react-router";
import { NotFound } from "../components/NotFound";
import { PageFailure } from "../components/PageFailure";
import { applicationRoutes } from "../pages/application-routes";
import { ConsoleFrame } from "./ConsoleFrame";
import { FirstPlace } from "./FirstPlace";
import { OverviewPage } from "./overview/OverviewPage";

/** The router of the console, under /console. Each page but the first loads when it is opened. */
export function consoleRouter() {
  const root = createRootRoute({ component: ConsoleFrame });
  return createRouter({
    routeTree: root.addChildren([
      createRoute({ getParentRoute: () => root, path: "/", component: FirstPlace }),
      ...pages(root),
      applicationRoute(root),
    ]),
    basepath: "/console",
    defaultNotFoundComponent: NotFound,
    defaultErrorComponent: PageFailure,
    scrollRestoration: true,
  });
}

/** The pages of one application, the same as in the portal, in a frame that names it. */
function applicationRoute(root: AnyRoute) {
  const frame = createRoute({
    getParentRoute: () => root,
    path: "/applications/$appId",
    component: lazyRouteComponent(
      () => import("./applications/ApplicationFrame"),
      "ApplicationFrame",
    ),
  });
  return frame.addChildren(applicationRoutes(frame));
}

function pages(root: AnyRoute) {
  const page = (path: string, component: ReturnType<typeof lazyRouteComponent>) =>
    createRoute({ getParentRoute: () => root, path, component });
  return [
    createRoute({ getParentRoute: () => root, path: "/overview", component: OverviewPage }),
    page(
      "/applications",
      lazyRouteComponent(() => import("./applications/ApplicationsPage"), "ApplicationsPage"),
    ),
    page(
      "/messages",
      lazyRouteComponent(() => import("./messages/MessagesPage"), "MessagesPage"),
    ),
    page(
      "/messages/new",
      lazyRouteComponent(() => import("./messages/PostMessagePage"), "PostMessagePage"),
    ),
    page(
      "/event-types",
      lazyRouteComponent(() => import("./event-types/EventTypesPage"), "EventTypesPage"),
    ),
    page(
      "/event-types/new",
      lazyRouteComponent(() => import("./event-types/NewEventTypePage"), "NewEventTypePage"),
    ),
    page(
      "/event-types/import",
      lazyRouteComponent(() => import("./event-types/ImportPage"), "ImportPage"),
    ),
    page(
      "/event-types/by-name/$name",
      lazyRouteComponent(() => import("./event-types/EventTypePage"), "EventTypePage"),
    ),
    page(
      "/tasks",
      lazyRouteComponent(() => import("./tasks/TasksPage"), "TasksPage"),
    ),
    page(
      "/operational-webhooks",
      lazyRouteComponent(
        () => import("./operational-webhooks/OperationalWebhooksPage"),
        "OperationalWebhooksPage",
      ),
    ),
    page(
      "/policy",
      lazyRouteComponent(() => import("./policy/PolicyPage"), "PolicyPage"),
    ),
    page(
      "/api-keys",
      lazyRouteComponent(() => import("./api-keys/ApiKeysPage"), "ApiKeysPage"),
    ),
    page(
      "/audit-log",
      lazyRouteComponent(() => import("./audit-log/AuditLogPage"), "AuditLogPage"),
    ),
    page(
      "/tenants",
      lazyRouteComponent(() => import("./tenants/TenantsPage"), "TenantsPage"),
    ),
    page(
      "/platform",
      lazyRouteComponent(() => import("./platform/PlatformPage"), "PlatformPage"),
    ),
    page(
      "/quarantine",
      lazyRouteComponent(() => import("./quarantine/QuarantinePage"), "QuarantinePage"),
    ),
    page(
      "/quarantine/$service/$entryId",
      lazyRouteComponent(() => import("./quarantine/EntryPage"), "EntryPage"),
    ),
  ];
}
