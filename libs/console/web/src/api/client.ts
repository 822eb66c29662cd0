/** The client of the API: typed by the OpenAPI document, signed in as the tab's session. */

import createClient from "openapi-fetch";
import { currentSession } from "../session/session";
import { ApiProblem, problemOf } from "./problem";
import type { components, paths } from "./schema";

export type Schemas = components["schemas"];

const SESSION_ENDED = "angarium:session-ended";

export const api = createClient<paths>({
  baseUrl: location.origin,
  querySerializer: { array: { style: "form", explode: true } },
});

api.use({
  onRequest({ request }) {
    const session = currentSession();
    if (session && !request.headers.has("authorization"))
      request.headers.set("authorization", `Bearer ${session.token}`);
    return request;
  },
  onResponse({ response, request }) {
    if (response.status === 401 && request.headers.has("authorization")) endSession();
  },
  onError() {
    return new ApiProblem(
      0,
      "unreachable",
      "The server does not answer. Check your connection, and try again.",
    );
  },
});

/** Says that the server refused the session's token. */
export function endSession(): void {
  window.dispatchEvent(new Event(SESSION_ENDED));
}

/** Calls `then` whenever the server refuses the session's token. Returns the way to stop. */
export function onSessionEnded(then: () => void): () => void {
  window.addEventListener(SESSION_ENDED, then);
  return () => window.removeEventListener(SESSION_ENDED, then);
}

interface Answer<Data> {
  data?: Data;
  error?: unknown;
  response: Response;
}

/** The data of an answer. Throws `ApiProblem` for everything but a success. */
export async function dataOf<Data>(answer: Promise<Answer<Data>>): Promise<Data> {
  const { data, error, response } = await answer;
  if (!response.ok) throw problemOf(response.status, error);
  return data as Data;
}
