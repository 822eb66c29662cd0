"""Signing secrets of endpoints: generated here, or given by a client."""

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

from angarium_dispatcher.domain.refusals import InvalidField, SecretNotOpened

SECRET_BYTES = 24


class EndpointSecrets:
    """Seals the text form of secrets for the endpoint to which they belong."""

    def __init__(self, seal: Seal, random_bytes: Callable[[int], bytes]) -> None:
        self._seal = seal
        self._random_bytes = random_bytes

    def generate(self, endpoint_id: bytes) -> bytes:
        """Generate a secret. Returns it sealed for the endpoint."""
        return self._close(SigningSecret(self._random_bytes(SECRET_BYTES)), endpoint_id)

    def accept(
        self,
        sealed_secret: bytes,
        tenant_id: bytes,
        endpoint_id: bytes,
        *,
        field: str = "secret",
    ) -> bytes:
        """Reseal a client's secret, which arrives sealed for the tenant, for the endpoint.

        The prefix `whsec_` may be left out, as in the Svix API. Raises `InvalidField` for
        `field`, or `SecretNotOpened`.
        """
        try:
            text = self._seal.open(sealed_secret, tenant_id).decode()
        except (SealBroken, UnicodeDecodeError):
            raise SecretNotOpened from None
        try:
            has_prefix = text.startswith((SECRET_PREFIX, PRIVATE_KEY_PREFIX))
            secret = parse_signer(text if has_prefix else SECRET_PREFIX + text)
        except MalformedSecret as error:
            raise InvalidField(
                field,
                "Give whsec_ and the base64 of 24 to 64 random bytes, or whsk_ and an Ed25519"
                f" private key, or null: {error}.",
            ) from None
        return self._close(secret, endpoint_id)

    def verification_key(self, sealed_secret: bytes, endpoint_id: bytes) -> bytes:
        """The key that verifies the endpoint's webhooks, sealed as the secret is.

        A symmetric secret is its own verification key; of a key pair it is the public key, so
        that the private key never leaves the platform. Raises `SecretNotOpened`.
        """
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
