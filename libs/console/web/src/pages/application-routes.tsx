/** The routes of an application's pages, the same in the portal and in the console. */

import { type AnyRoute, createRoute, lazyRouteComponent, redirect } from "@tanstack/react-router";

/** Adds the pages of an application to a route. Pages but the first load when they are opened. */
export function applicationRoutes(parent: AnyRoute) {
  const page = <Module extends Record<string, unknown>, Name extends keyof Module & string>(
    path: string,
    load: () => Promise<Module>,
    name: Name,
  ) =>
    createRoute({
      getParentRoute: () => parent,
      path,
      component: lazyRouteComponent(load, name),
    });
  return [
    createRoute({
      getParentRoute: () => parent,
      path: "/",
      beforeLoad: ({ location }) => {
        throw redirect({ to: `${location.pathname.replace(/\/$/, "")}/endpoints` });
      },
    }),
    page("/endpoints", () => import("./endpoints/EndpointsPage"), "EndpointsPage"),
    page("/endpoints/new", () => import("./endpoints/form/EndpointFormPage"), "NewEndpointPage"),
    page("/endpoints/$endpointId", () => import("./endpoints/EndpointPage"), "EndpointPage"),
    page(
      "/endpoints/$endpointId/edit",
      () => import("./endpoints/form/EndpointFormPage"),
      "EditEndpointPage",
    ),
    page("/event-types", () => import("./event-types/EventTypesPage"), "EventTypesPage"),
    page(
      "/event-types/$eventTypeName",
      () => import("./event-types/EventTypePage"),
      "EventTypePage",
    ),
    page("/deliveries", () => import("./deliveries/DeliveriesPage"), "DeliveriesPage"),
    page("/deliveries/$msgId", () => import("./deliveries/DeliveryPage"), "DeliveryPage"),
    page("/settings", () => import("./settings/SettingsPage"), "SettingsPage"),
  ];
}
