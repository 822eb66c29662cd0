/** How an endpoint authenticates what is sent to it, beside the signature. */

import type { Schemas } from "../../../api/client";

export interface AuthenticationValues {
  type: "none" | "basic" | "bearer" | "oauth2";
  /** Its secrets are stored and never shown. */
  stored: boolean;
  username: string;
  password: string;
  token: string;
  tokenUrl: string;
  clientId: string;
  clientSecret: string;
  scope: string;
  audience: string;
  authStyle: string;
}

export const NO_AUTHENTICATION: AuthenticationValues = {
  type: "none",
  stored: false,
  username: "",
  password: "",
  token: "",
  tokenUrl: "",
  clientId: "",
  clientSecret: "",
  scope: "",
  audience: "",
  authStyle: "basic",
};

const FIELDS = {
  basic: ["username", "password"],
  bearer: ["token"],
  oauth2: ["tokenUrl", "clientId", "clientSecret", "scope", "audience", "authStyle"],
} as const;

/** The member of the API; null without authentication. */
export function authenticationOf(
  values: AuthenticationValues,
): Schemas["EndpointAuthenticationIn"] | null {
  if (values.type === "none") return null;
  const given = FIELDS[values.type].filter((field) => values[field] !== "");
  return {
    type: values.type,
    ...Object.fromEntries(given.map((field) => [field, values[field]])),
  } as Schemas["EndpointAuthenticationIn"];
}
