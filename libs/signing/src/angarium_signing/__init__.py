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
from angarium_signing.request_headers import (
    STANDARD_PREFIX,
    SVIX_PREFIX,
    TOLERANCE_S,
    signature_headers,
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
    "Signer",
    "SigningError",
    "SigningSecret",
    "TimestampOutOfTolerance",
    "TimestampTooNew",
    "TimestampTooOld",
    "UnsignableId",
    "VerificationError",
    "Verifier",
    "sign",
    "signature_headers",
    "signed_prefix",
    "verify",
]
