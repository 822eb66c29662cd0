import type { Language } from "./language";

export const php: Language = {
  name: "PHP",
  needs: { pair: "The extension sodium, which PHP has by default" },
  code: (prefix, kind) => `<?php

/** Throws unless the webhook is genuine. $body is file_get_contents('php://input'). */
function verify_webhook(array $server, string $body): void
{
    $id = $server['${phpName(prefix, "ID")}'] ?? '';
    $timestamp = $server['${phpName(prefix, "TIMESTAMP")}'] ?? '';
    if (abs(time() - (int) $timestamp) > 300) {
        throw new RuntimeException('the webhook is too old');
    }
    $signed = "$id.$timestamp.$body";
    foreach (explode(' ', $server['${phpName(prefix, "SIGNATURE")}'] ?? '') as $signature) {
        [$version, $value] = explode(',', $signature, 2) + ['', ''];
        if ($version === '${kind === "secret" ? "v1" : "v1a"}' && is_valid($signed, (string) base64_decode($value))) {
            return;
        }
    }
    throw new RuntimeException('no signature is valid');
}
${kind === "secret" ? SECRET : PUBLIC_KEY}
// verify_webhook($_SERVER, file_get_contents('php://input'));
`,
};

function phpName(prefix: string, name: string): string {
  return `HTTP_${prefix.toUpperCase()}_${name}`;
}

const SECRET = `
function is_valid(string $signed, string $signature): bool
{
    $secret = base64_decode(preg_replace('/^whsec_/', '', getenv('WEBHOOK_SECRET')));
    return hash_equals(hash_hmac('sha256', $signed, $secret, true), $signature);
}
`;

const PUBLIC_KEY = `
function is_valid(string $signed, string $signature): bool
{
    $key = base64_decode(preg_replace('/^whpk_/', '', getenv('WEBHOOK_PUBLIC_KEY')));
    return strlen($signature) === SODIUM_CRYPTO_SIGN_BYTES
        && sodium_crypto_sign_verify_detached($signature, $signed, $key);
}
`;
