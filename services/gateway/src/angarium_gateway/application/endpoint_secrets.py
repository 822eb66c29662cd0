"""Endpoint secrets on their way to and from the dispatcher: never in the clear on a stream."""

from angarium_chassis.sealing import Seal, SealBroken
from angarium_contracts.configuration import EndpointSecret, GetEndpointSecret
from angarium_contracts.queries import Problem, ProblemCode

from .asking import Ask

PREFIX = "whsec_"


class EndpointSecrets:
    """Seals secrets that clients choose, and reads the ones that sign now."""

    def __init__(self, ask: Ask, seal: Seal) -> None:
        self._ask = ask
        self._seal = seal

    def sealed(self, tenant_id: bytes, secret: str) -> bytes:
        """A secret (base64 with or without ``whsec_``) for the way to the dispatcher."""
        text = secret if secret.startswith(PREFIX) else PREFIX + secret
        return self._seal.close(text.encode(), tenant_id)

    async def read(self, tenant_id: bytes, application_ref: str, ref: str) -> str | Problem:
        """The secret that signs now, as ``whsec_…``."""
        question = GetEndpointSecret(tenant_id=tenant_id, application_ref=application_ref, ref=ref)
        answer = await self._ask(question, EndpointSecret)
        if isinstance(answer, Problem):
            return answer
        try:
            return self._seal.open(answer.sealed_secret, answer.endpoint_id).decode()
        except SealBroken:
            return Problem(
                code=ProblemCode.UNAVAILABLE,
                detail="the secret was sealed under another encryption key; give all services"
                " the same ANGARIUM_ENCRYPTION_KEY",
            )
