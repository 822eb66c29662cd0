import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { base64Of } from "../../components/bytes";
import { curlCommand } from "./curl";

const bytes = (text: string) => new TextEncoder().encode(text);

/** Runs a command with a `curl` that prints its arguments, one a line, and its input in base64. */
function run(command: string): string[] {
  const curl =
    'curl() { for a; do printf "%s\\0" "$a"; done; if [ "$last" = in ]; then base64 -w0; fi; }';
  const input = command.startsWith("printf") ? "last=in" : "last=";
  const out = execFileSync("bash", ["-c", `${input}\n${curl}\n${command}`]).toString();
  return out.split("\0");
}

test("the command has every header and the exact body", () => {
  const body = `{"it's": "$HOME \`id\` \\n"}\n`;
  const command = curlCommand({
    url: "https://example.com/a?b=c&d='e",
    headers: { Host: "example.com", "content-length": "12", "webhook-id": "msg_1", "x-empty": "" },
    sensitive: ["authorization"],
    body: bytes(body),
  });
  expect(run(command)).toEqual([
    "--request",
    "POST",
    "--url",
    "https://example.com/a?b=c&d='e",
    "--header",
    "webhook-id: msg_1",
    "--header",
    "x-empty;",
    "--header",
    "authorization: <not stored: put its value here>",
    "--data-binary",
    body,
    "",
  ]);
});

test.each([
  ["no text", new Uint8Array([0, 255, 10])],
  ["a text that begins with @", bytes("@/etc/passwd")],
])("a body that is %s is sent through standard input", (_, body) => {
  const command = curlCommand({ url: "https://example.com", headers: {}, sensitive: [], body });
  const told = run(command);
  expect(told.slice(-3)).toEqual(["--data-binary", "@-", base64Of(body)]);
});
