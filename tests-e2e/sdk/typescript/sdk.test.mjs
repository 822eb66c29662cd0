// The TypeScript SDKs of both generations drive what a customer's integration uses.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";

import { Webhook as StandardWebhook } from "standardwebhooks";
import * as sdk1 from "svix";
import * as sdk2 from "svix-2";

import { eventually, startReceiver, token, url } from "./platform.mjs";

const options = { serverUrl: url };

for (const [generation, sdk] of [["1", sdk1], ["2", sdk2]]) {
  const svix = new sdk.Svix(token, options);
  const filter = generation === "1" ? "filterTypes" : "eventTypes";
  const rate = generation === "1" ? "rateLimit" : "throttleRate";

  test(`SDK ${generation}: applications`, async () => {
    const uid = randomUUID();
    const created = await svix.application.create({ name: "Acme", uid, metadata: { plan: "gold" } });
    assert.equal(created.uid, uid);
    assert.ok(created.createdAt instanceof Date);
    const again = await svix.application.getOrCreate({ name: "Other", uid });
    assert.deepEqual(again, created);
    await assert.rejects(svix.application.create({ name: "Acme", uid }), { code: 409 });
    const patched = await svix.application.patch(uid, { [rate]: 7, name: "Acme Inc." });
    assert.deepEqual([patched[rate], patched.name], [7, "Acme Inc."]);
    assert.deepEqual((await svix.application.get(created.id)).metadata, { plan: "gold" });
    const latest = { limit: 1, order: "descending" };
    const page = await svix.application.list(latest);
    assert.deepEqual([page.data.length, page.done], [1, false]);
    const next = await svix.application.list({ ...latest, iterator: page.iterator });
    assert.notEqual(next.data[0].id, page.data[0].id);
    await svix.application.delete(uid);
    await assert.rejects(svix.application.get(uid), { code: 404 });
  });

  test(`SDK ${generation}: endpoints`, async () => {
    const { id: app } = await svix.application.create({ name: "Acme" });
    const created = await svix.endpoint.create(app, {
      url: "https://example.com/webhooks",
      uid: "main",
      [filter]: ["invoice.paid"],
      [rate]: 5,
      channels: ["eu"],
    });
    assert.deepEqual([created[filter], created[rate]], [["invoice.paid"], 5]);
    assert.deepEqual(await svix.endpoint.get(app, "main"), created);
    const put = { url: "https://example.com/other", description: "Other" };
    const replaced = await (generation === "1"
      ? svix.endpoint.update(app, "main", put)
      : svix.endpoint.upsert(app, "main", put));
    assert.deepEqual([replaced.id, replaced.uid, replaced.url], [created.id, "main", put.url]);
    assert.ok(!replaced[filter]);
    const patched = await svix.endpoint.patch(app, "main", { disabled: true });
    assert.deepEqual([patched.disabled, patched.description], [true, "Other"]);
    const { key } = await svix.endpoint.getSecret(app, "main");
    await svix.endpoint.rotateSecret(app, "main", {});
    assert.notEqual((await svix.endpoint.getSecret(app, "main")).key, key);
    const headers = { headers: { "X-Team": "billing", Authorization: "secret" } };
    await (generation === "1"
      ? svix.endpoint.updateHeaders(app, "main", headers)
      : svix.endpoint.setHeaders(app, "main", headers));
    const shown = await svix.endpoint.getHeaders(app, "main");
    assert.deepEqual([shown.headers, shown.sensitive], [{ "X-Team": "billing" }, ["Authorization"]]);
    assert.deepEqual((await svix.endpoint.list(app)).data.map((one) => one.uid), ["main"]);
    await assert.rejects(svix.endpoint.create(app, { url: "nowhere" }), { code: 422 });
    await svix.endpoint.delete(app, "main");
  });

  test(`SDK ${generation}: event types`, async () => {
    const name = `invoice.${randomUUID()}`;
    const schemas = { 1: { type: "object", properties: { id: { type: "string" } } } };
    const created = await svix.eventType.create({
      name,
      description: "d",
      schemas,
      groupName: "billing",
      featureFlags: ["beta"],
    });
    assert.deepEqual(
      [created.schemas, created.groupName, created.featureFlags],
      [schemas, "billing", ["beta"]],
    );
    const wrong = { description: "d", schemas: { 1: { readOnly: 15 } } };
    await assert.rejects(svix.eventType.patch(name, wrong), (error) => {
      assert.equal(error.code, 422);
      assert.deepEqual(error.body.detail[0].loc, ["body", "schemas", "1", "readOnly"]);
      return true;
    });
    await svix.eventType.delete(name);
    const archived = await svix.eventType.list({ includeArchived: true, limit: 250 });
    assert.ok(archived.data.some((one) => one.name === name && one.archived));
  });

  test(`SDK ${generation}: messages, attempts and signatures`, async (t) => {
    let status = 204;
    const receiver = await startReceiver(() => status);
    t.after(receiver.close);
    const { id: app } = await svix.application.create({ name: "Acme" });
    const endpoint = await svix.endpoint.create(app, { url: receiver.url });
    const { key } = await svix.endpoint.getSecret(app, endpoint.id);
    const payload = { id: "in_1", text: "¥ 5" };
    const message = await svix.message.create(
      app,
      { eventType: "invoice.paid", eventId: "evt_1", payload },
      { idempotencyKey: randomUUID() },
    );
    const { body, headers } = await receiver.next();
    for (const Webhook of [sdk.Webhook, StandardWebhook]) {
      new Webhook(key).verify(body, headers);
      assert.throws(() => new Webhook(key).verify(`${body} `, headers));
    }
    assert.deepEqual(JSON.parse(body), payload);
    assert.equal(headers["webhook-id"], message.id);
    assert.deepEqual((await svix.message.get(app, "evt_1", { withContent: true })).payload, payload);
    const attempts = (id) => eventually(
      () => svix.messageAttempt.listByMsg(app, id),
      (page) => page.data.length > 0,
    );
    const [attempt] = (await attempts(message.id)).data;
    assert.deepEqual([attempt.status, attempt.responseStatusCode], [0, 204]);
    assert.ok(attempt.timestamp instanceof Date);
    assert.equal((await svix.messageAttempt.get(app, message.id, attempt.id)).id, attempt.id);
    const destinations = await svix.messageAttempt.listAttemptedDestinations(app, message.id);
    assert.deepEqual(destinations.data.map((one) => one.id), [endpoint.id]);
    const messages = await svix.messageAttempt.listAttemptedMessages(app, endpoint.id);
    assert.deepEqual(messages.data.map((one) => one.id), [message.id]);

    status = 500;
    const failing = await svix.message.create(app, { eventType: "invoice.sent", payload });
    await receiver.next();
    const [failed] = (await attempts(failing.id)).data;
    assert.deepEqual([failed.status, failed.responseStatusCode], [2, 500]);
    status = 204;
    await svix.messageAttempt.resend(app, failing.id, endpoint.id);
    await eventually(
      () => svix.messageAttempt.listByEndpoint(app, endpoint.id, { status: 0 }),
      (page) => page.data.some((one) => one.msgId === failing.id),
    );
    const listed = await svix.message.list(app, { eventTypes: ["invoice.paid", "invoice.sent"] });
    assert.deepEqual(listed.data.map((one) => one.id), [failing.id, message.id]);
  });
}

test("the payload is raw text when it is given so", async (t) => {
  const receiver = await startReceiver();
  t.after(receiver.close);
  const svix = new sdk2.Svix(token, options);
  const { id: app } = await svix.application.create({ name: "Acme" });
  await svix.endpoint.create(app, { url: receiver.url });
  const raw = '{"amount": 1.0, "id":"in_1"}';
  await svix.message.create(app, sdk2.messageInRaw("invoice.paid", raw, "application/json"));
  assert.equal((await receiver.next()).body, raw);
});

test("headers have the names that SDKs of the first generation verify", async (t) => {
  const receiver = await startReceiver();
  t.after(receiver.close);
  const svix = new sdk1.Svix(token, options);
  const { id: app } = await svix.application.create({ name: "Acme" });
  const made = await fetch(`${url}/api/v1/app/${app}/endpoint`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ url: receiver.url, signatureHeaders: "svix" }),
  });
  const { key } = await svix.endpoint.getSecret(app, (await made.json()).id);
  await svix.message.create(app, { eventType: "invoice.paid", payload: { id: 1 } });
  const { body, headers } = await receiver.next();
  assert.ok(headers["svix-id"]);
  new sdk1.Webhook(key).verify(body, headers);
});
