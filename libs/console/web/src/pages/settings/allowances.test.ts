import { expect, test } from "vitest";
import { allowances } from "./allowances";

const allowed = (capabilities: Parameters<typeof allowances>[0]) =>
  allowances(capabilities).filter((one) => one.allowed).length;

test("capabilities allow what the API allows with them", () => {
  expect(allowed(null)).toBe(6);
  expect(allowed(["ViewBase"])).toBe(1);
  expect(allowed(["ViewBase", "ViewEndpointSecret"])).toBe(2);
  expect(allowed(["ViewBase", "ManageEndpointSecret"])).toBe(3);
  expect(allowed(["ViewBase", "ManageEndpoint"])).toBe(5);
  expect(allowed(["ViewBase", "CreateAttempts"])).toBe(2);
});
