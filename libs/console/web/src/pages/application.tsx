/** The application whose pages are shown: the portal has one, the console any. */

import { createContext, type ReactNode, useContext } from "react";

export interface ApplicationScope {
  appId: string;
  /** Where the pages of the application are, without a slash at the end. */
  path: string;
  /** What the token allows in this application. */
  may: Permissions;
}

/** Which parts of the pages are shown; the server forbids the others too. */
export interface Permissions {
  manageEndpoints: boolean;
  viewSecrets: boolean;
  manageSecrets: boolean;
  createAttempts: boolean;
  manageMessages: boolean;
}

const Scope = createContext<ApplicationScope | undefined>(undefined);

export function ApplicationProvider(props: { scope: ApplicationScope; children: ReactNode }) {
  return <Scope.Provider value={props.scope}>{props.children}</Scope.Provider>;
}

/** The application of the page; only inside of an `ApplicationProvider`. */
export function useApplication(): ApplicationScope {
  const scope = useContext(Scope);
  if (scope === undefined) throw new Error("This page belongs to an application.");
  return scope;
}
