"""The signature headers of one endpoint's deliveries (Standard Webhooks)."""

from math import inf

from angarium_signing import (
    BOTH_PREFIXES,
    STANDARD_PREFIX,
    SVIX_PREFIX,
    Signer,
    SigningError,
    parse_signer,
    signature_headers_under,
)
from msgspec import Struct
from msgspec.structs import replace

from angarium_worker.application.destinations.destination import (
    DestinationOptions,
    OptionsUnusable,
    OutgoingDelivery,
)

HEADER_PREFIXES = {"webhook": (STANDARD_PREFIX,), "svix": (SVIX_PREFIX,), "both": BOTH_PREFIXES}


class Signatures(Struct, frozen=True, gc=False):
    """Signs deliveries with every secret that is valid at the time. Each of `signers` signs until
    its place in `expire_at_s`; `first_expiry_s` is the earliest."""

    signers: tuple[Signer, ...]
    prefixes: tuple[str, ...]
    expire_at_s: tuple[float, ...] = ()
    first_expiry_s: float = inf

    @classmethod
    def of(cls, options: DestinationOptions) -> "Signatures":
        """Raises OptionsUnusable, without a secret in its text."""
        expire_at_s = options.expire_at_s
        if expire_at_s and len(expire_at_s) != len(options.secrets):
            raise OptionsUnusable("each secret has its end, or none has one")
        prefixes = HEADER_PREFIXES.get(options.header_names)
        if prefixes is None:
            raise OptionsUnusable("the names of the signature headers are not known")
        try:
            signers = tuple([parse_signer(secret) for secret in options.secrets])
        except SigningError as error:
            raise OptionsUnusable(type(error).__name__) from error
        return cls(signers, prefixes, expire_at_s, min(expire_at_s, default=inf))

    def signers_at(self, now_s: float) -> tuple[Signer, ...]:
        """Those that sign at this time; the newest always does."""
        if now_s < self.first_expiry_s:
            return self.signers
        pairs = zip(self.signers, self.expire_at_s, strict=True)
        return tuple([signer for signer, end_s in pairs if now_s < end_s]) or self.signers[:1]

    def headers(self, delivery: OutgoingDelivery) -> tuple[tuple[str, str], ...]:
        """Id, timestamp and signatures, under each prefix."""
        timestamp_s = delivery.timestamp_s
        valid = timestamp_s < self.first_expiry_s
        return signature_headers_under(
            self.prefixes,
            self.signers if valid else self.signers_at(timestamp_s),
            delivery.webhook_id,
            timestamp_s,
            delivery.payload,
        )

    def of_body(self, delivery: OutgoingDelivery, body: bytes) -> list[str]:
        """The signatures that the delivery would have with this body."""
        headers = self.headers(replace(delivery, payload=body))
        return [value for name, value in headers if name.endswith("-signature")]

    def __repr__(self) -> str:
        """Without the secrets."""
        return f"Signatures({len(self.signers)} secrets)"
