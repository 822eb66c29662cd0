// @vitest-environment jsdom
import { afterEach, expect, test } from "vitest";
import { currentSession, forgetSession } from "../session/session";
import { appearanceFromAddress, signInFromAddress } from "./arrival";

const linkOf = (session: unknown) => `#key=${btoa(JSON.stringify(session)).replaceAll("=", "")}`;

afterEach(() => {
  forgetSession();
  sessionStorage.clear();
  history.replaceState(null, "", "/");
});

test("a link signs in, and leaves nothing in the address", () => {
  history.replaceState(null, "", `/portal?darkMode=true${linkOf({ token: "t", appId: "app_1" })}`);
  signInFromAddress();
  expect(currentSession()).toEqual({ token: "t", appId: "app_1" });
  expect(location.href).not.toContain("key=");
  expect(location.search).toBe("?darkMode=true");
});

test("a link that cannot be read signs nobody in, and ends the session of before", () => {
  history.replaceState(null, "", `/portal${linkOf({ token: "t" })}`);
  signInFromAddress();
  history.replaceState(null, "", "/portal#key=%%%");
  signInFromAddress();
  expect(currentSession()).toBeUndefined();
  expect(location.hash).toBe("");
});

test("the appearance stays while pages without its parameters are opened", () => {
  history.replaceState(null, "", "/portal?darkMode=true&hideNavigation=true");
  expect(appearanceFromAddress()).toMatchObject({ colorScheme: "dark", hideNavigation: true });
  history.replaceState(null, "", "/portal/deliveries?status=failed");
  expect(appearanceFromAddress()).toMatchObject({ colorScheme: "dark", hideNavigation: true });
});

test("a new link has its own appearance", () => {
  history.replaceState(null, "", "/portal?darkMode=true");
  appearanceFromAddress();
  history.replaceState(null, "", `/portal${linkOf({ token: "t" })}`);
  expect(appearanceFromAddress()).toMatchObject({ colorScheme: undefined });
});
