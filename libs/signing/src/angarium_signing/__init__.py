"""Standard Webhooks (https://www.standardwebhooks.com): sign and verify. Pure, no I/O."""

from angarium_signing.errors import (
    MalformedSecret,
    MalformedSignature,
    MalformedTimestamp,
    MissingHeader,
    NoMatchingSignature,
    SigningError,
    TimestampOutOfTolerance,
    TimestampTooNew,
    TimestampTooOld,
    UnsignableId,
    VerificationError,
)
from angarium_signing.key_pair import (
    PRIVATE_KEY_PREFIX,
    PUBLIC_KEY_PREFIX,
    PrivateKey,
    PublicKey,
)
from angarium_signing.parse_signer import parse_signer
from angarium_signing.request_headers import (
    BOTH_PREFIXES,
    STANDARD_PREFIX,
    SVIX_PREFIX,
    TOLERANCE_S,
    signature_headers,
    signature_headers_under,
    verify,
)
from angarium_signing.scheme import Signer, Verifier, signed_prefix
from angarium_signing.secret import (
    SECRET_BYTES_MAX,
    SECRET_BYTES_MIN,
    SECRET_PREFIX,
    SigningSecret,
    sign,
)

__all__ = [
    "BOTH_PREFIXES",
    "PRIVATE_KEY_PREFIX",
    "PUBLIC_KEY_PREFIX",
    "SECRET_BYTES_MAX",
    "SECRET_BYTES_MIN",
    "SECRET_PREFIX",
    "STANDARD_PREFIX",
    "SVIX_PREFIX",
    "TOLERANCE_S",
    "MalformedSecret",
    "MalformedSignature",
    "MalformedTimestamp",
    "MissingHeader",
    "NoMatchingSignature",
    "PrivateKey",
    "PublicKey",
    "Signer",
    "SigningError",
    "SigningSecret",
    "TimestampOutOfTolerance",
    "TimestampTooNew",
    "TimestampTooOld",
    "UnsignableId",
    "VerificationError",
    "Verifier",
    "parse_signer",
    "sign",
    "signature_headers",
    "signature_headers_under",
    "signed_prefix",
    "verify",
]
