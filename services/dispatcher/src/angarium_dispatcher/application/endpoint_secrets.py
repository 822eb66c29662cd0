"""Making endpoints' secrets, and taking those that a client brings."""

from collections.abc import Callable

from angarium_chassis.sealing import Seal, SealBroken
from angarium_signing import (
    PRIVATE_KEY_PREFIX,
    SECRET_PREFIX,
    MalformedSecret,
    PrivateKey,
    SigningSecret,
    parse_signer,
)

from angarium_dispatcher.domain.refusals import InvalidMember, SecretNotOpened

SECRET_BYTES = 24


class EndpointSecrets:
    """Seals secrets (their text form) for the endpoint they belong to."""

    def __init__(self, seal: Seal, random_bytes: Callable[[int], bytes]) -> None:
        self._seal = seal
        self._random_bytes = random_bytes

    def make(self, endpoint_id: bytes) -> bytes:
        """A new secret, sealed for the endpoint."""
        return self._close(SigningSecret(self._random_bytes(SECRET_BYTES)), endpoint_id)

    def take(
        self,
        sealed_secret: bytes,
        tenant_id: bytes,
        endpoint_id: bytes,
        *,
        member: str = "secret",
    ) -> bytes:
        """The client's secret, which came sealed for the tenant, sealed for the endpoint.

        Svix lets `whsec_` be left out. Raises `InvalidMember` for `member`, or
        `SecretNotOpened`.
        """
        try:
            text = self._seal.open(sealed_secret, tenant_id).decode()
        except (SealBroken, UnicodeDecodeError):
            raise SecretNotOpened from None
        try:
            has_prefix = text.startswith((SECRET_PREFIX, PRIVATE_KEY_PREFIX))
            secret = parse_signer(text if has_prefix else SECRET_PREFIX + text)
        except MalformedSecret as error:
            raise InvalidMember(
                member,
                "Give whsec_ and the base64 of 24 to 64 random bytes, or whsk_ and an Ed25519"
                f" private key, or null: {error}.",
            ) from None
        return self._close(secret, endpoint_id)

    def for_verifiers(self, sealed_secret: bytes, endpoint_id: bytes) -> bytes:
        """What whoever receives the webhooks verifies them with, sealed as the secret is: the
        secret itself, or of a key pair only the public key. Raises `SecretNotOpened`."""
        try:
            text = self._seal.open(sealed_secret, endpoint_id).decode()
        except SealBroken:
            raise SecretNotOpened from None
        secret = parse_signer(text)
        if isinstance(secret, PrivateKey):
            return self._seal.close(secret.public_key.text.encode(), endpoint_id)
        return sealed_secret

    def _close(self, secret: SigningSecret | PrivateKey, endpoint_id: bytes) -> bytes:
        return self._seal.close(secret.reveal().encode(), endpoint_id)
