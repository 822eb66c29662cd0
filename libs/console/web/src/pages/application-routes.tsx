/** The routes of an application's pages, the same in the portal and in the console. */

import { type AnyRoute, createRoute, lazyRouteComponent, redirect } from "@tanstack/react-router";

/** Adds the pages of an application to a route. Pages but the first load when they are opened. */
export function applicationRoutes(parent: AnyRoute) {
  return [
    createRoute({
      getParentRoute: () => parent,
      path: "/",
      beforeLoad: ({ location }) => {
        throw redirect({ to: `${location.pathname.replace(/\/$/, "")}/endpoints` });
      },
    }),
    createRoute({
      getParentRoute: () => parent,
      path: "/endpoints",
      component: lazyRouteComponent(() => import("./endpoints/EndpointsPage"), "EndpointsPage"),
    }),
    createRoute({
      getParentRoute: () => parent,
      path: "/deliveries",
      component: lazyRouteComponent(() => import("./deliveries/DeliveriesPage"), "DeliveriesPage"),
    }),
    createRoute({
      getParentRoute: () => parent,
      path: "/deliveries/$msgId",
      component: lazyRouteComponent(() => import("./deliveries/DeliveryPage"), "DeliveryPage"),
    }),
  ];
}
