"""Secrets of sources: sealed for the way to the dispatcher, and opened for who may see them."""

from collections.abc import Callable
from typing import Final

from angarium_chassis.sealing import Seal, SealBroken
from angarium_contracts.configuration import Application, SourceGiven
from angarium_contracts.directory import ApplicationState
from angarium_contracts.queries import Problem, ProblemCode

from angarium_gateway.domain.api_tokens import new_token
from angarium_gateway.domain.digests import token_hash
from angarium_gateway.domain.ingest.source_types import SourceType
from angarium_gateway.domain.ingest.verification import SourceConfig

from .sources import INGEST_PREFIX, config_text, read_config

_OTHER_KEY: Final = (
    "The source was encrypted with another key. The operator must set the same"
    " ANGARIUM_ENCRYPTION_KEY for all services."
)


class SourceSecrets:
    """Makes tokens of sources, and seals them and the configurations."""

    def __init__(self, seal: Seal, random_bytes: Callable[[int], bytes]) -> None:
        self._seal = seal
        self._random_bytes = random_bytes

    def given(self, tenant_id: bytes, kind: SourceType, config: SourceConfig) -> SourceGiven:
        """A source for the dispatcher, with a new token in case it is to be created."""
        sealed_token, hashed = self.new_token(tenant_id)
        sealed_config = self._seal.close(config_text(config).encode(), tenant_id)
        return SourceGiven(kind, sealed_config, sealed_token, hashed)

    def new_token(self, tenant_id: bytes) -> tuple[bytes, str]:
        """A new token, sealed for the dispatcher, and its hash."""
        token = new_token(self._random_bytes, INGEST_PREFIX)
        return self._seal.close(token.encode(), tenant_id), token_hash(token).hex()

    def config_of(self, source: ApplicationState) -> SourceConfig | Problem:
        """The configuration of a source."""
        try:
            return read_config(self._seal.open(source.sealed_source_config or b"", source.id))
        except SealBroken:
            return Problem(code=ProblemCode.UNAVAILABLE, detail=_OTHER_KEY)

    def token_of(self, source: Application) -> str | Problem:
        """The current token of a source."""
        try:
            return self._seal.open(source.sealed_ingest_token or b"", source.id).decode()
        except SealBroken:
            return Problem(code=ProblemCode.UNAVAILABLE, detail=_OTHER_KEY)
