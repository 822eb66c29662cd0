import type { Language } from "./language";

export const python: Language = {
  name: "Python",
  needs: { pair: "pip install cryptography" },
  code: (prefix, kind) => `import base64
${kind === "secret" ? "import hmac\n" : ""}import os
import time
${kind === "secret" ? SECRET : PUBLIC_KEY}

def verify(headers, body: bytes) -> None:
    """Raises ValueError unless the webhook is genuine.

    \`body\` is the raw body of the request, as it was received.
    """
    message_id, timestamp = headers["${prefix}-id"], headers["${prefix}-timestamp"]
    if abs(time.time() - int(timestamp)) > 300:
        raise ValueError("the webhook is too old")
    signed = f"{message_id}.{timestamp}.".encode() + body
    for signature in headers["${prefix}-signature"].split():
        version, _, value = signature.partition(",")
        if version == "${kind === "secret" ? "v1" : "v1a"}" and is_valid(signed, value):
            return
    raise ValueError("no signature is valid")
`,
};

const SECRET = `
SECRET = base64.b64decode(os.environ["WEBHOOK_SECRET"].removeprefix("whsec_"))


def is_valid(signed: bytes, signature: str) -> bool:
    expected = base64.b64encode(hmac.digest(SECRET, signed, "sha256"))
    return hmac.compare_digest(expected, signature.encode())
`;

const PUBLIC_KEY = `
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

PUBLIC_KEY = Ed25519PublicKey.from_public_bytes(
    base64.b64decode(os.environ["WEBHOOK_PUBLIC_KEY"].removeprefix("whpk_"))
)


def is_valid(signed: bytes, signature: str) -> bool:
    try:
        PUBLIC_KEY.verify(base64.b64decode(signature), signed)
    except (InvalidSignature, ValueError):
        return False
    return True
`;
