"""Seals endpoint secrets and headers for the way to the dispatcher and back: they never appear in
clear text on a stream."""

from collections.abc import Mapping

import msgspec
from angarium_chassis.sealing import Seal, SealBroken
from angarium_contracts.configuration import EndpointSecret, GetEndpointSecret
from angarium_contracts.endpoint_options import EndpointHeaders, GetEndpointHeaders
from angarium_contracts.queries import Problem, ProblemCode

from angarium_gateway.application.service_query import ServiceQuery

PREFIXES = ("whsec_", "whsk_")
"""Prefixes of a symmetric secret and of a private key."""

_headers_decoder = msgspec.json.Decoder(dict[str, str])


class EndpointSecrets:
    """Seals the secrets that clients choose, and reads those that may be shown again."""

    def __init__(self, ask: ServiceQuery, seal: Seal) -> None:
        self._ask = ask
        self._seal = seal

    def sealed(self, tenant_id: bytes, secret: str) -> bytes:
        """A sealed secret for the dispatcher. `secret` is base64 with or without ``whsec_``, or
        ``whsk_…``."""
        text = secret if secret.startswith(PREFIXES) else PREFIXES[0] + secret
        return self.sealed_text(tenant_id, text)

    def sealed_text(self, tenant_id: bytes, text: str) -> bytes:
        """Any other text, sealed for the dispatcher."""
        return self._seal.close(text.encode(), tenant_id)

    def sealed_headers(self, tenant_id: bytes, headers: Mapping[str, str | None]) -> bytes:
        """Custom headers, sealed for the dispatcher."""
        return self._seal.close(msgspec.json.encode(headers), tenant_id)

    async def read(self, tenant_id: bytes, application_ref: str, ref: str) -> str | Problem:
        """The key with which a receiver verifies webhooks: the current secret as ``whsec_…``, or
        the public key of a key pair as ``whpk_…``."""
        question = GetEndpointSecret(tenant_id=tenant_id, application_ref=application_ref, ref=ref)
        answer = await self._ask(question, EndpointSecret)
        if isinstance(answer, Problem):
            return answer
        opened = self._opened(answer.sealed_secret, answer.endpoint_id)
        return opened if isinstance(opened, Problem) else opened.decode()

    async def read_headers(
        self, tenant_id: bytes, application_ref: str, ref: str
    ) -> Mapping[str, str] | Problem:
        """The custom headers in clear text."""
        question = GetEndpointHeaders(tenant_id=tenant_id, application_ref=application_ref, ref=ref)
        answer = await self._ask(question, EndpointHeaders)
        if isinstance(answer, Problem):
            return answer
        return self.opened_headers(answer.sealed_headers, answer.endpoint_id)

    def opened_headers(
        self, sealed: bytes | None, endpoint_id: bytes
    ) -> Mapping[str, str] | Problem:
        """Custom headers in clear text, as an answer of the dispatcher has them."""
        if sealed is None:
            return {}
        opened = self._opened(sealed, endpoint_id)
        return opened if isinstance(opened, Problem) else _headers_decoder.decode(opened)

    def _opened(self, sealed: bytes, endpoint_id: bytes) -> bytes | Problem:
        try:
            return self._seal.open(sealed, endpoint_id)
        except SealBroken:
            return Problem(
                code=ProblemCode.UNAVAILABLE,
                detail="The secret was encrypted with another key. The operator must set the same"
                " ANGARIUM_ENCRYPTION_KEY for all services.",
            )
