// The data hooks of svix-react: what a customer's portal page shows and does.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";

import React from "react";
import renderer from "react-test-renderer";
import { Svix } from "svix";
import * as hooks from "svix-react";

import { eventually, startReceiver, token, url } from "./platform.mjs";

globalThis.IS_REACT_ACT_ENVIRONMENT = true;
const svix = new Svix(token, { serverUrl: url });
const options = { serverUrl: url };

/** Renders a component that uses `hook`; `until` waits for one of its values. */
async function rendered(t, appId, hook) {
  let latest;
  const Probe = () => {
    latest = hook();
    return null;
  };
  const provider = React.createElement(
    hooks.SvixProvider,
    { token, appId, options },
    React.createElement(Probe),
  );
  let tree;
  await renderer.act(async () => {
    tree = renderer.create(provider);
  });
  t.after(() => renderer.act(async () => tree.unmount()));
  const until = (holds) =>
    eventually(
      async () => {
        await renderer.act(async () => {});
        assert.equal(latest.error, undefined);
        return latest;
      },
      (value) => !value.loading && value.data !== undefined && holds(value),
    );
  return { until, latest: () => latest };
}

test("endpoints are created, listed, changed and deleted", async (t) => {
  const { id: app } = await svix.application.create({ name: "Acme" });
  const form = await rendered(t, app, () => hooks.useNewEndpoint());
  await renderer.act(async () => {
    form.latest().url.setValue("https://example.com/webhooks");
    form.latest().eventTypes.setValue(["invoice.paid"]);
    form.latest().rateLimitPerSecond.setValue(4);
  });
  const { endpoint, error } = await form.latest().createEndpoint();
  assert.equal(error, undefined);
  assert.deepEqual([endpoint.filterTypes, endpoint.rateLimit, endpoint.version], [["invoice.paid"], 4, 1]);
  await svix.endpoint.create(app, { url: "https://example.com/second" });

  const list = await rendered(t, app, () => hooks.useEndpoints({ limit: 1 }));
  const first = await list.until(({ data }) => data.length === 1);
  assert.equal(first.data[0].url, "https://example.com/second");
  assert.ok(first.hasNextPage && !first.hasPrevPage);
  await renderer.act(async () => list.latest().nextPage());
  const second = await list.until(({ data }) => data[0]?.id === endpoint.id);
  assert.ok(second.hasPrevPage && !second.hasNextPage);

  const one = await rendered(t, app, () => hooks.useEndpoint(endpoint.id));
  assert.deepEqual((await one.until(() => true)).data, endpoint);
  const functions = await rendered(t, app, () => hooks.useEndpointFunctions(endpoint.id));
  await functions.latest().updateEndpoint({ url: "https://example.com/changed" });
  await renderer.act(async () => one.latest().reload());
  await one.until(({ data }) => data.url === "https://example.com/changed");
  await functions.latest().deleteEndpoint();
  await assert.rejects(svix.endpoint.get(app, endpoint.id), { code: 404 });
});

test("secret, headers and stats of an endpoint", async (t) => {
  const { id: app } = await svix.application.create({ name: "Acme" });
  const { id } = await svix.endpoint.create(app, { url: "https://example.com/" });
  const secret = await rendered(t, app, () => hooks.useEndpointSecret(id));
  const { key } = (await secret.until(() => true)).data;
  await renderer.act(async () => secret.latest().rotateSecret({}));
  await secret.until(({ data }) => data.key !== key);

  const headers = await rendered(t, app, () => hooks.useEndpointHeaders(id));
  await headers.until(() => true);
  await renderer.act(async () => headers.latest().updateEndpointHeaders({ headers: { A: "1", B: "2" } }));
  await headers.until(({ data }) => Object.keys(data.headers).length === 2);
  await renderer.act(async () => headers.latest().patchEndpointHeaders({ headers: { A: "3" } }));
  await headers.until(({ data }) => data.headers.A === "3" && data.headers.B === "2");

  const stats = await rendered(t, app, () => hooks.useEndpointStats(id));
  const { success, fail, pending } = (await stats.until(() => true)).data;
  assert.deepEqual([success, fail, pending], [0, 0, 0]);
});

test("messages, their endpoints and attempts, and a resend", async (t) => {
  const receiver = await startReceiver();
  t.after(receiver.close);
  const { id: app } = await svix.application.create({ name: "Acme" });
  const { id } = await svix.endpoint.create(app, { url: receiver.url });
  const message = await svix.message.create(app, { eventType: "invoice.paid", payload: { id: 1 } });
  await receiver.next();
  await eventually(() => svix.messageAttempt.listByMsg(app, message.id), ({ data }) => data.length);
  const type = [{ name: "invoice.paid" }];
  const probes = {
    messages: () => hooks.useMessages({ eventTypes: type, withContent: true }),
    ofEndpoint: () => hooks.useEndpointMessageAttempts(id, { status: 0, withMsg: true }),
    attempted: () => hooks.useAttemptedMessages(id),
    destinations: () => hooks.useMessageEndpoints(message.id),
    attempts: () => hooks.useMessageAttempts(message.id, { statusCodeClass: 200 }),
  };
  const ids = {};
  for (const [name, hook] of Object.entries(probes)) {
    const probe = await rendered(t, app, hook);
    ids[name] = (await probe.until(({ data }) => data.length === 1)).data[0];
  }
  assert.equal(ids.messages.id, message.id);
  assert.deepEqual(ids.messages.payload, { id: 1 });
  assert.equal(ids.ofEndpoint.msgId, message.id);
  assert.equal(ids.ofEndpoint.msg.eventType, "invoice.paid");
  assert.equal(ids.attempted.id, message.id);
  assert.equal(ids.destinations.id, id);
  assert.equal(ids.attempts.id, ids.ofEndpoint.id);
  const one = await rendered(t, app, () => hooks.useMessage(message.id));
  assert.equal((await one.until(() => true)).data.eventType, "invoice.paid");

  const resend = await rendered(t, app, () => hooks.useAttemptFunctions(ids.attempts));
  await resend.latest().resendAttempt();
  assert.equal((await receiver.next()).headers["webhook-id"], message.id);
});

test("event types", async (t) => {
  const name = `invoice.${randomUUID()}`;
  await svix.eventType.create({ name, description: "d" });
  const types = await rendered(t, "any", () => hooks.useEventTypes({ limit: 250 }));
  await types.until(({ data }) => data.some((one) => one.name === name));
});
