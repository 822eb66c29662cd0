import type { Language } from "./language";

export const rust: Language = {
  name: "Rust",
  needs: {
    secret: "cargo add base64 hmac@0.12 sha2@0.10",
    pair: "cargo add base64 ed25519-dalek@2",
  },
  code: (prefix, kind) => `use base64::{prelude::BASE64_STANDARD, Engine};
${kind === "secret" ? SECRET_USES : PUBLIC_KEY_USES}use std::time::{SystemTime, UNIX_EPOCH};

/// Returns an error unless the webhook is genuine. \`body\` is the raw body of the request, and
/// \`header\` gives the value of a header.
pub fn verify<'a>(header: impl Fn(&str) -> Option<&'a str>, body: &[u8]) -> Result<(), &'static str> {
    let id = header("${prefix}-id").ok_or("no id")?;
    let timestamp = header("${prefix}-timestamp").ok_or("no time")?;
    let sent: u64 = timestamp.parse().map_err(|_| "no time")?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_err(|_| "no clock")?.as_secs();
    if now.abs_diff(sent) > 300 {
        return Err("the webhook is too old");
    }
    let signed = [format!("{id}.{timestamp}.").as_bytes(), body].concat();
    let signatures = header("${prefix}-signature").ok_or("no signature")?;
    let valid = signatures.split(' ').any(|signature| match signature.split_once(',') {
        Some(("${kind === "secret" ? "v1" : "v1a"}", value)) => is_valid(&signed, value).unwrap_or(false),
        _ => false,
    });
    if valid { Ok(()) } else { Err("no signature is valid") }
}
${kind === "secret" ? SECRET : PUBLIC_KEY}`,
};

const SECRET_USES = `use hmac::{Hmac, Mac};
use sha2::Sha256;
`;

const PUBLIC_KEY_USES = `use ed25519_dalek::{Signature, VerifyingKey};
`;

const SECRET = `
fn is_valid(signed: &[u8], signature: &str) -> Option<bool> {
    let secret = std::env::var("WEBHOOK_SECRET").ok()?;
    let key = BASE64_STANDARD.decode(secret.trim_start_matches("whsec_")).ok()?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).ok()?;
    mac.update(signed);
    Some(mac.verify_slice(&BASE64_STANDARD.decode(signature).ok()?).is_ok())
}
`;

const PUBLIC_KEY = `
fn is_valid(signed: &[u8], signature: &str) -> Option<bool> {
    let text = std::env::var("WEBHOOK_PUBLIC_KEY").ok()?;
    let raw = BASE64_STANDARD.decode(text.trim_start_matches("whpk_")).ok()?;
    let key = VerifyingKey::from_bytes(&raw.try_into().ok()?).ok()?;
    let signature = Signature::from_slice(&BASE64_STANDARD.decode(signature).ok()?).ok()?;
    Some(key.verify_strict(signed, &signature).is_ok())
}
`;
