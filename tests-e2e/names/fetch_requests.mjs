// Sends requests with fetch: a line of JSON for each request, a line for each answer, in order.
// The path comes as segments, and the URL is built as the official SDK for TypeScript does.
import { createInterface } from "node:readline";

const [base, key] = process.argv.slice(2);

async function answer({ method, segments, query, body }) {
  const url = new URL(base + segments.map((each) => "/" + encodeURIComponent(each)).join(""));
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  const headers = { authorization: `Bearer ${key}` };
  if (body !== null) headers["content-type"] = "application/json";
  const response = await fetch(url, { method, headers, body: body === null ? undefined : JSON.stringify(body) });
  const text = await response.text();
  return { status: response.status, body: text === "" ? null : JSON.parse(text) };
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(JSON.stringify(await answer(JSON.parse(line))) + "\n");
}
