/** Queries and changes of applications. */

import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { api, dataOf, type Schemas } from "./client";
import { byIterator, PAGE_ROWS } from "./pages";

export type Application = Schemas["ApplicationOut"];

/** Applications, those that `search` finds if it is given, newest first. */
export function applicationPages(search: string | undefined) {
  return infiniteQueryOptions({
    queryKey: ["applications", "pages", search ?? ""],
    queryFn: ({ pageParam, signal }) => {
      const query = {
        limit: PAGE_ROWS,
        iterator: pageParam,
        order: "descending" as const,
        search: search || undefined,
      };
      return dataOf(api.GET("/api/v1/app", { params: { query }, signal }));
    },
    ...byIterator,
  });
}

/** Some applications that `search` finds, to choose from. */
export function foundApplications(search: string) {
  return queryOptions({
    queryKey: ["applications", "found", search],
    queryFn: ({ signal }) => {
      const query = {
        limit: 250,
        order: "descending" as const,
        search: search || undefined,
      };
      return dataOf(api.GET("/api/v1/app", { params: { query }, signal }));
    },
  });
}

/** One application. */
export function application(appId: string) {
  return queryOptions({
    queryKey: ["applications", "one", appId],
    queryFn: ({ signal }) =>
      dataOf(api.GET("/api/v1/app/{app_id}", { params: { path: { app_id: appId } }, signal })),
  });
}

export function createApplication(body: Schemas["ApplicationIn"]): Promise<Application> {
  return dataOf(api.POST("/api/v1/app", { body }));
}

export function changeApplication(
  appId: string,
  body: Schemas["ApplicationPatch"],
): Promise<Application> {
  return dataOf(api.PATCH("/api/v1/app/{app_id}", { params: { path: { app_id: appId } }, body }));
}

export async function deleteApplication(appId: string): Promise<void> {
  await dataOf(api.DELETE("/api/v1/app/{app_id}", { params: { path: { app_id: appId } } }));
}

/** Makes a link to the portal of an application. */
export function createPortalLink(
  appId: string,
  body: Schemas["AppPortalAccessIn"],
): Promise<Schemas["AppPortalAccessOut"]> {
  return dataOf(
    api.POST("/api/v1/auth/app-portal-access/{app_id}", {
      params: { path: { app_id: appId } },
      body,
    }),
  );
}
