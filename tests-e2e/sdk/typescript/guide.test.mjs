// The receiver of the guide to signatures; the test that starts this one takes it from the page.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Webhook } from "standardwebhooks";

import { eventOf } from "./documented.mjs";

test("the guide's receiver takes genuine webhooks only", () => {
  const body = '{"cents":4200}';
  const sentAt = new Date();
  const headers = {
    "webhook-id": "msg_1",
    "webhook-timestamp": String(Math.floor(sentAt.getTime() / 1000)),
    "webhook-signature": new Webhook(process.env.WEBHOOK_SECRET).sign("msg_1", sentAt, body),
  };

  assert.deepEqual(eventOf(headers, body), { cents: 4200 });
  assert.throws(() => eventOf(headers, `${body} `));
});
