import { expect, test } from "vitest";
import { readMagicLink } from "./magic-link";

function link(login: unknown): string {
  const bytes = new TextEncoder().encode(JSON.stringify(login));
  const key = btoa(String.fromCharCode(...bytes));
  return `#key=${key.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "")}`;
}

test("a link has the token and its application", () => {
  const fragment = link({ appId: "app_1", token: "ang_pt_ü?>" });
  expect(readMagicLink(fragment)).toEqual({ appId: "app_1", token: "ang_pt_ü?>" });
});

test.each(["", "#", "#key=", "#key=%%%", "#key=bm90IGpzb24", "#other=1"])(
  "%j is no link",
  (fragment) => {
    expect(readMagicLink(fragment)).toBeUndefined();
  },
);

test.each([null, 1, "text", [], {}, { token: 1 }, { token: "" }])(
  "a login of %j is no session",
  (login) => {
    expect(readMagicLink(link(login))).toBeUndefined();
  },
);
