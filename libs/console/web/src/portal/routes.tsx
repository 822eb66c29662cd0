import { createRootRoute, createRoute, createRouter, Outlet } from "@tanstack/react-router";
import { TbListDetails, TbSend, TbSettings, TbWebhook } from "react-icons/tb";
import { NotFound } from "../components/NotFound";
import { PageFailure } from "../components/PageFailure";
import { applicationRoutes } from "../pages/application-routes";
import type { Appearance } from "../theme/appearance";
import { PortalFrame } from "./PortalFrame";

/** The router of the portal, under /portal. */
export function portalRouter(appearance: Appearance) {
  const root = createRootRoute({ component: Outlet });
  const frame = createRoute({
    getParentRoute: () => root,
    id: "application",
    component: () => <PortalFrame appearance={appearance} places={PLACES} />,
  });
  return createRouter({
    routeTree: root.addChildren([frame.addChildren(applicationRoutes(frame))]),
    basepath: "/portal",
    defaultNotFoundComponent: NotFound,
    defaultErrorComponent: PageFailure,
    scrollRestoration: true,
  });
}

const PLACES = [
  { label: "Endpoints", to: "/endpoints", icon: <TbWebhook size={18} aria-hidden /> },
  { label: "Event catalog", to: "/event-types", icon: <TbListDetails size={18} aria-hidden /> },
  { label: "Deliveries", to: "/deliveries", icon: <TbSend size={18} aria-hidden /> },
  { label: "Settings", to: "/settings", icon: <TbSettings size={18} aria-hidden /> },
];
