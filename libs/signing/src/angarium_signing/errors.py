"""Errors of a secret or a signed request: one base, one fact per class."""


class SigningError(Exception):
    """Base of every error of this package. Messages never contain a secret or a signature."""


class MalformedSecret(SigningError):
    """The text is not a key in its written form (`whsec_`, `whsk_` or `whpk_`, then base64), or
    the bytes are not such a key."""


class UnsignableId(SigningError):
    """A webhook id that would make the signed content or the header ambiguous."""


class VerificationError(SigningError):
    """Base of every reason why a received request is not to be trusted."""


class MissingHeader(VerificationError):
    """A signature header is absent or empty; `name` says which."""

    def __init__(self, name: str) -> None:
        super().__init__(f"header {name} is missing")
        self.name = name


class MalformedTimestamp(VerificationError):
    """The timestamp header is not a whole number of seconds since 1970."""


class TimestampOutOfTolerance(VerificationError):
    """Base of the two ways in which a timestamp may be too far from now; `age_s` is signed."""

    _where = ""

    def __init__(self, age_s: int, tolerance_s: int) -> None:
        super().__init__(
            f"timestamp is {abs(age_s)} s {self._where}; at most {tolerance_s} s is allowed"
        )
        self.age_s = age_s
        self.tolerance_s = tolerance_s


class TimestampTooOld(TimestampOutOfTolerance):
    """The request was signed longer ago than the tolerance: perhaps a replay."""

    _where = "in the past"


class TimestampTooNew(TimestampOutOfTolerance):
    """The request claims to be signed further in the future than the tolerance."""

    _where = "in the future"


class MalformedSignature(VerificationError):
    """The signature header is longer, or holds more signatures, than any sender needs."""


class NoMatchingSignature(VerificationError):
    """None of the signatures was made with one of the secrets over this id, time and body."""
