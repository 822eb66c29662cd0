import { createRootRoute, createRouter } from "@tanstack/react-router";
import { NotFound } from "../components/NotFound";
import { PageFailure } from "../components/PageFailure";

/** The router of the console, under /console. */
export function consoleRouter() {
  const root = createRootRoute({ component: NotFound });
  return createRouter({
    routeTree: root,
    basepath: "/console",
    defaultNotFoundComponent: NotFound,
    defaultErrorComponent: PageFailure,
    scrollRestoration: true,
  });
}
