/** A request as a command of curl that sends the same bytes. */

import { base64Of, textOf } from "../../components/bytes";

/** Curl makes them itself. */
const OF_THE_CONNECTION = new Set(["host", "content-length", "connection", "accept-encoding"]);

export interface SentRequest {
  url: string;
  headers: Record<string, string>;
  /** Names of headers whose values are not known. */
  sensitive: string[];
  body: Uint8Array<ArrayBuffer>;
}

/** For a POSIX shell. */
export function curlCommand(request: SentRequest): string {
  const { url, headers, sensitive, body } = request;
  const names = Object.keys(headers).filter((name) => !OF_THE_CONNECTION.has(name.toLowerCase()));
  const text = textOf(body);
  // Curl takes a body that begins with @ for the name of a file.
  const asWord = text !== undefined && !text.startsWith("@");
  const options = [
    `--url ${quoted(url)}`,
    ...names.map((name) => `--header ${header(name, headers[name] ?? "")}`),
    ...sensitive.map((name) => `--header ${quoted(`${name}: <not stored: put its value here>`)}`),
    `--data-binary ${asWord ? quoted(text) : "@-"}`,
  ];
  const command = ["curl --request POST", ...options].join(" \\\n  ");
  if (asWord) return command;
  return `printf %s ${quoted(base64Of(body))} | base64 -d | ${command}`;
}

/** Of an empty header, curl wants a semicolon in the place of the colon. */
function header(name: string, value: string): string {
  return quoted(value === "" ? `${name};` : `${name}: ${value}`);
}

/** One word of a shell, whatever is in it. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
