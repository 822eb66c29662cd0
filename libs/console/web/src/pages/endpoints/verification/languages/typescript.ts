import type { Language } from "./language";

export const typescript: Language = {
  name: "TypeScript (Node)",
  code: (prefix, kind) => `${kind === "secret" ? SECRET : PUBLIC_KEY}
/** Throws unless the webhook is genuine. \`body\` is the raw body of the request. */
export function verify(headers: Record<string, string>, body: Buffer): void {
  const id = headers["${prefix}-id"];
  const timestamp = headers["${prefix}-timestamp"];
  if (!(Math.abs(Date.now() / 1000 - Number(timestamp)) <= 300))
    throw new Error("the webhook is too old");
  const signed = Buffer.concat([Buffer.from(\`\${id}.\${timestamp}.\`), body]);
  const valid = (headers["${prefix}-signature"] ?? "").split(" ").some((signature) => {
    const [version, value = ""] = signature.split(",");
    return version === "${kind === "secret" ? "v1" : "v1a"}" && isValid(signed, Buffer.from(value, "base64"));
  });
  if (!valid) throw new Error("no signature is valid");
}
`,
};

const SECRET = `import { createHmac, timingSafeEqual } from "node:crypto";

const SECRET = Buffer.from(process.env.WEBHOOK_SECRET!.replace(/^whsec_/, ""), "base64");

function isValid(signed: Buffer, signature: Buffer): boolean {
  const expected = createHmac("sha256", SECRET).update(signed).digest();
  return signature.length === expected.length && timingSafeEqual(signature, expected);
}
`;

const PUBLIC_KEY = `import { createPublicKey, verify as verifySignature } from "node:crypto";

const RAW_KEY = Buffer.from(process.env.WEBHOOK_PUBLIC_KEY!.replace(/^whpk_/, ""), "base64");
const PUBLIC_KEY = createPublicKey({
  key: Buffer.concat([Buffer.from("302a300506032b6570032100", "hex"), RAW_KEY]),
  format: "der",
  type: "spki",
});

function isValid(signed: Buffer, signature: Buffer): boolean {
  return verifySignature(null, signed, PUBLIC_KEY, signature);
}
`;
