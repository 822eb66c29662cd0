// Reads webhooks as JSON from standard input, and writes for each whether its sender's SDK
// verifies it. Zoom's SDK verifies only what its server receives.

import { once } from "node:events";
import { createServer } from "node:http";
import { text } from "node:stream/consumers";

import { LinearWebhookClient } from "@linear/sdk/webhooks";
import { ApiVersion, shopifyApi } from "@shopify/shopify-api";
import "@shopify/shopify-api/adapters/node";
import { UsersS2SAuthClient } from "@zoom/rivet/users";
import XHubSignature from "x-hub-signature";

const verify = {
  intercom({ secret, headers, body }) {
    return new XHubSignature("sha1", secret).verify(headers["x-hub-signature"], body);
  },
  linear({ secret, headers, body }) {
    try {
      return new LinearWebhookClient(secret).verify(Buffer.from(body), headers["linear-signature"]);
    } catch {
      return false;
    }
  },
  async shopify({ secret, headers, body }) {
    const { webhooks } = shopifyApi({
      apiKey: "key",
      apiSecretKey: secret,
      apiVersion: ApiVersion.July26,
      hostName: "example.com",
      isEmbeddedApp: false,
      logger: { level: 0 },
    });
    const rawRequest = { method: "POST", url: "/", headers };
    return (await webhooks.validate({ rawBody: body, rawRequest })).valid;
  },
  async zoom({ secret, headers, body }) {
    const client = new UsersS2SAuthClient({
      clientId: "id",
      clientSecret: "secret",
      accountId: "account",
      webhooksSecretToken: secret,
      port: await freePort(),
    });
    const server = await client.start();
    const url = `http://127.0.0.1:${server.address().port}/zoom/events`;
    const answer = await fetch(url, { method: "POST", headers, body });
    server.close();
    return answer.ok;
  },
};

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

const verdicts = [];
for (const webhook of JSON.parse(await text(process.stdin))) {
  verdicts.push(await verify[webhook.sender](webhook));
}
console.log(JSON.stringify(verdicts));
process.exit();
