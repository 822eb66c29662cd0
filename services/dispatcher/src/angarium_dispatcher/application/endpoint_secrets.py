"""Making endpoints' secrets, and taking those that a client brings."""

from collections.abc import Callable

from angarium_chassis.sealing import Seal, SealBroken
from angarium_signing import MalformedSecret, SigningSecret

from angarium_dispatcher.domain.refusals import InvalidMember, SecretNotOpened

SECRET_BYTES = 24
_PREFIX = "whsec_"


class EndpointSecrets:
    """Seals secrets (their text form) for the endpoint they belong to."""

    def __init__(self, seal: Seal, random_bytes: Callable[[int], bytes]) -> None:
        self._seal = seal
        self._random_bytes = random_bytes

    def make(self, endpoint_id: bytes) -> bytes:
        """A new secret, sealed for the endpoint."""
        return self._close(SigningSecret(self._random_bytes(SECRET_BYTES)), endpoint_id)

    def take(self, sealed_secret: bytes, tenant_id: bytes, endpoint_id: bytes) -> bytes:
        """The client's secret, which came sealed for the tenant, sealed for the endpoint.

        Svix lets `whsec_` be left out. Raises `InvalidMember`, or `SecretNotOpened`.
        """
        try:
            text = self._seal.open(sealed_secret, tenant_id).decode()
        except (SealBroken, UnicodeDecodeError):
            raise SecretNotOpened from None
        try:
            secret = SigningSecret.parse(text if text.startswith(_PREFIX) else _PREFIX + text)
        except MalformedSecret as error:
            raise InvalidMember(
                "secret",
                f"Give whsec_ and the base64 of 24 to 64 random bytes, or null: {error}.",
            ) from None
        return self._close(secret, endpoint_id)

    def _close(self, secret: SigningSecret, endpoint_id: bytes) -> bytes:
        return self._seal.close(secret.reveal().encode(), endpoint_id)
