"""Errors of a received webhook: each names the fault, and the usual cause of it."""


class ReceiverError(Exception):
    """Base of every error of this package. Messages contain no secret and no signature."""


class MalformedSecret(ReceiverError, ValueError):
    """The text is not a secret of the sender's kind."""


class MissingDependency(ReceiverError, ImportError):
    """The feature needs an extra of angarium-receiver that is not installed."""


class VerificationError(ReceiverError):
    """Base of every reason to refuse a webhook.

    `code` names the reason for programs, `cause` the usual cause. The text has both.
    """

    code = "not_verified"

    def __init__(self, message: str, cause: str = "") -> None:
        super().__init__(f"{message} {cause}".rstrip())
        self.message = message
        self.cause = cause


class MissingSignature(VerificationError):
    """The request lacks a part of its signature; `name` is the part."""

    code = "missing_signature"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"The request has no {name}.",
            "Usual causes: the request is not from the sender, the sender has no secret"
            " configured, or a proxy removes headers.",
        )
        self.name = name


class MalformedSignature(VerificationError):
    """The signature or the signed time cannot be read."""

    code = "malformed_signature"


class TimestampOutOfTolerance(VerificationError):
    """The signed time is too far from now; `age_s` is negative for times in the future."""

    code = "timestamp_out_of_tolerance"

    def __init__(self, age_s: float, tolerance_s: float) -> None:
        where = "ago" if age_s > 0 else "in the future"
        cause = (
            "Usual causes: an old request is replayed, a queue between the sender and this server"
            " held it back, or the clock of this machine is fast."
            if age_s > 0
            else "Usual cause: the clock of this machine is slow."
        )
        super().__init__(
            f"The webhook was signed {abs(age_s):.0f} s {where}; {tolerance_s:.0f} s are allowed.",
            cause,
        )
        self.age_s = age_s
        self.tolerance_s = tolerance_s


class SignatureMismatch(VerificationError):
    """No signature of the request was made with a known secret over this content."""

    code = "signature_mismatch"


class UntrustedCertificate(VerificationError):
    """The certificate of the signature is not at an address of the sender, or cannot be used."""

    code = "untrusted_certificate"


class CertificateUnavailable(ReceiverError):
    """The sender's certificate could not be fetched: nothing is known of the signature."""
