// @vitest-environment node
import { createHmac, generateKeyPairSync, sign } from "node:crypto";
import ts from "typescript";
import { describe, expect, test } from "vitest";
import { LANGUAGES } from "./languages";
import type { KeyKind } from "./languages/language";
import { typescript } from "./languages/typescript";

type Verify = (headers: Record<string, string>, body: Buffer) => void;

const BODY = Buffer.from('{"text": "grüße"}');

/** Runs the code as Node runs it. */
async function verifyOf(prefix: string, kind: KeyKind): Promise<Verify> {
  const { outputText } = ts.transpileModule(typescript.code(prefix, kind), {
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
  });
  const url = `data:text/javascript;base64,${Buffer.from(outputText).toString("base64")}#${Math.random()}`;
  return ((await import(/* @vite-ignore */ url)) as { verify: Verify }).verify;
}

function headersOf(prefix: string, signature: (signed: Buffer) => string, at = Date.now()) {
  const timestamp = String(Math.floor(at / 1000));
  const signed = Buffer.concat([Buffer.from(`msg_1.${timestamp}.`), BODY]);
  return {
    [`${prefix}-id`]: "msg_1",
    [`${prefix}-timestamp`]: timestamp,
    [`${prefix}-signature`]: `v9,other ${signature(signed)}`,
  };
}

describe("the code for Node", () => {
  const secret = Buffer.alloc(24, 7);
  const hmac = (signed: Buffer) =>
    `v1,${createHmac("sha256", secret).update(signed).digest("base64")}`;

  test("accepts what a shared secret signed, and nothing else", async () => {
    process.env.WEBHOOK_SECRET = `whsec_${secret.toString("base64")}`;
    const verify = await verifyOf("svix", "secret");
    verify(headersOf("svix", hmac), BODY);
    expect(() => verify(headersOf("svix", hmac), Buffer.from("{}"))).toThrow("no signature");
    expect(() =>
      verify(
        headersOf("svix", () => "v1,AAAA"),
        BODY,
      ),
    ).toThrow("no signature");
    expect(() => verify(headersOf("svix", hmac, Date.now() - 400_000), BODY)).toThrow("too old");
    expect(() => verify({}, BODY)).toThrow();
  });

  test("accepts what the private key of a pair signed, and nothing else", async () => {
    const { publicKey, privateKey } = generateKeyPairSync("ed25519");
    const raw = publicKey.export({ format: "der", type: "spki" }).subarray(-32);
    process.env.WEBHOOK_PUBLIC_KEY = `whpk_${raw.toString("base64")}`;
    const verify = await verifyOf("webhook", "pair");
    const pair = (signed: Buffer) => `v1a,${sign(null, signed, privateKey).toString("base64")}`;
    verify(headersOf("webhook", pair), BODY);
    expect(() => verify(headersOf("webhook", pair), Buffer.from("{}"))).toThrow("no signature");
  });
});

test.each(LANGUAGES)("the code in $name has the names of the headers", ({ code }) => {
  for (const prefix of ["webhook", "svix"])
    for (const kind of ["secret", "pair"] as const) {
      const text = code(prefix, kind).toLowerCase().replaceAll("_", "-");
      for (const part of ["id", "timestamp", "signature"])
        expect(text).toContain(`${prefix}-${part}`);
      expect(text).not.toContain(prefix === "svix" ? "webhook-id" : "svix-");
      expect(text).not.toContain("undefined");
    }
});
