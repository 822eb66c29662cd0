// The platform under test, and a receiver in this process.

import { once } from "node:events";
import { createServer } from "node:http";

export const url = process.env.PLATFORM_URL;
export const token = process.env.PLATFORM_KEY;

/** A receiver on a free port: `url`, `next()` for the webhooks in their order, and `close()`. */
export async function startReceiver(status = () => 204) {
  const received = [];
  const waiting = [];
  const server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    response.writeHead(status()).end();
    const webhook = { headers: request.headers, body: Buffer.concat(chunks).toString() };
    const waiter = waiting.shift();
    if (waiter === undefined) received.push(webhook);
    else waiter(webhook);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    next: () =>
      received.length > 0
        ? Promise.resolve(received.shift())
        : new Promise((resolve) => waiting.push(resolve)),
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** The first value of `read` that `holds`, asked for again until then. */
export async function eventually(read, holds) {
  for (;;) {
    const value = await read();
    if (holds(value)) return value;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
