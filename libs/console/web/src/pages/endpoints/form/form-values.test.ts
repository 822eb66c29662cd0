import { expect, test } from "vitest";
import type { Endpoint } from "../../../api/endpoints";
import {
  changedMembers,
  givenMembers,
  headerChanges,
  membersOf,
  newHeaders,
  newPrivateKey,
  scheduleOf,
  valuesOf,
} from "./form-values";

const ENDPOINT = {
  id: "ep_1",
  url: "https://example.com/hook",
  description: "Orders",
  disabled: false,
  eventTypes: ["invoice.paid"],
  channels: null,
  throttleRate: 5,
  uid: null,
  retrySchedule: [5, 300],
  authentication: { type: "basic", username: "ada" },
} as unknown as Endpoint;

test("an endpoint that nobody changes has no changed members", () => {
  const values = valuesOf(ENDPOINT);
  expect(changedMembers(values, values)).toEqual({});
});

test("only what changed is sent, and what was emptied is null", () => {
  const before = valuesOf(ENDPOINT);
  const after = { ...before, throttleRate: "" as const, eventTypes: null, ordering: "fifo" };
  expect(changedMembers(before, after)).toEqual({
    throttleRate: null,
    eventTypes: null,
    ordering: "fifo",
  });
});

test("stored secrets stay unless others are given", () => {
  const before = valuesOf(ENDPOINT);
  expect(changedMembers(before, { ...before, proxyUrl: "" })).toEqual({});
  const password = { ...before.authentication, password: "new" };
  expect(changedMembers(before, { ...before, authentication: password })).toEqual({
    authentication: { type: "basic", username: "ada", password: "new" },
  });
  const none = { ...before.authentication, type: "none" as const };
  expect(changedMembers(before, { ...before, authentication: none })).toEqual({
    authentication: null,
  });
});

test("a new endpoint has only what was given", () => {
  const values = { ...valuesOf(), url: " https://example.com " };
  const members = givenMembers(membersOf(values));
  expect(members.url).toBe("https://example.com");
  expect(members).not.toHaveProperty("throttleRate");
  expect(members).not.toHaveProperty("eventTypes");
});

test("a polled endpoint has no members about sending", () => {
  const members = membersOf({ ...valuesOf(), kind: "poller", throttleRate: 5 });
  expect(members.url).toBe("poll://messages");
  expect(members).not.toHaveProperty("throttleRate");
  expect(members).not.toHaveProperty("signatureHeaders");
});

test("headers are added, changed and removed, and secret values stay", () => {
  const before = valuesOf(ENDPOINT, {
    headers: { "X-A": "1", "X-B": "2" },
    sensitive: ["X-Token"],
  }).headers;
  expect(headerChanges(before, before)).toBeUndefined();
  const after = before
    .filter(({ name }) => name !== "X-B")
    .map((row) => (row.name === "X-A" ? { ...row, value: "3" } : row));
  after.push({ id: 9, name: " X-C ", value: "4", stored: false });
  expect(headerChanges(before, after)).toEqual({ "X-B": null, "X-A": "3", "X-C": "4" });
  const replaced = before.map((row) => (row.stored ? { ...row, value: "new" } : row));
  expect(headerChanges(before, replaced)).toEqual({ "X-Token": "new" });
});

test("a header whose name changes in letter case only is not removed", () => {
  const before = [{ id: 0, name: "X-A", value: "1", stored: false }];
  expect(headerChanges(before, [{ id: 0, name: "x-a", value: "2", stored: false }])).toEqual({
    "x-a": "2",
  });
});

test("rows without a name are no headers", () => {
  expect(newHeaders([{ id: 0, name: " ", value: "x", stored: false }])).toBeUndefined();
  expect(newHeaders([{ id: 0, name: "X-A ", value: "x", stored: false }])).toEqual({ "X-A": "x" });
});

test("schedules are numbers of seconds", () => {
  expect(scheduleOf("5, 300 1800")).toEqual([5, 300, 1800]);
  expect(scheduleOf("")).toEqual([]);
  expect(scheduleOf("5, soon")).toBeUndefined();
});

test("private keys are new each time, in the form of Standard Webhooks", () => {
  expect(newPrivateKey()).toMatch(/^whsk_[A-Za-z0-9+/]{43}=$/);
  expect(newPrivateKey()).not.toBe(newPrivateKey());
});
