"""Sources: what receives the webhooks of other senders."""

import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

import msgspec
from angarium_chassis.lru_cache import LruCache
from angarium_chassis.sealing import Seal, SealBroken
from angarium_contracts.directory import ApplicationState

from angarium_gateway.application.tenants.authentication import Caller, LoginFailure
from angarium_gateway.domain.digests import token_hash
from angarium_gateway.domain.ingest.source_types import RULES, SourceRules, SourceType
from angarium_gateway.domain.ingest.verification import SourceConfig
from angarium_gateway.domain.permissions import KeyScope
from angarium_gateway.domain.quotas import TenantQuotas

INGEST_PREFIX: Final = "ang_in_"
"""The beginning of every token of a source."""
SOURCES_MAX: Final = 10_000
FRESH_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class StoredSource:
    """A source as it is stored, with what its tenant may use."""

    state: ApplicationState
    suspended: bool
    quotas: TenantQuotas


class IngestSources(Protocol):
    """Storage of sources. Raises `JournalUnavailable`."""

    async def find(self, source_id: bytes) -> StoredSource | None:
        """The source with this id, unless it or its tenant is deleted."""
        ...


@dataclass(frozen=True, slots=True)
class Source:
    """A source that receives webhooks. `caller` stands for it: it posts to itself only."""

    type: SourceType
    rules: SourceRules
    config: SourceConfig
    caller: Caller
    tokens: tuple[tuple[str, float], ...] = field(repr=False)

    @property
    def id(self) -> bytes:
        """Its id, which is that of its application."""
        return self.caller.key_id


class Sources:
    """Finds sources by the id and the token in their URL, and caches them for `FRESH_S`, after
    which a deleted source or token is refused at the latest. Unknown ids are not cached."""

    def __init__(self, stored: IngestSources, seal: Seal, clock_s: Callable[[], float]) -> None:
        self._stored = stored
        self._seal = seal
        self._clock_s = clock_s
        self._known: LruCache[bytes, tuple[Source, float]] = LruCache(SOURCES_MAX)

    async def find(self, source_id: bytes, token: str, now_s: float) -> Source | LoginFailure:
        """The source, if this is a valid token of it. `now_s` is Unix time. Raises
        `JournalUnavailable`."""
        source = await self._source(source_id)
        if source is None:
            return LoginFailure.UNKNOWN
        hashed = token_hash(token).hex()
        for known, ends_s in source.tokens:
            if hmac.compare_digest(known, hashed):
                return source if not ends_s or now_s < ends_s else LoginFailure.EXPIRED
        return LoginFailure.UNKNOWN

    async def _source(self, source_id: bytes) -> Source | None:
        known = self._known.get(source_id)
        asked_at_s = self._clock_s()
        if known is not None and known[1] >= asked_at_s:
            return known[0]
        stored = await self._stored.find(source_id)
        source = None if stored is None else self._opened(stored)
        if source is None:
            self._known.pop(source_id)
            return None
        self._known.put(source_id, (source, asked_at_s + FRESH_S))
        return source

    def _opened(self, stored: StoredSource) -> Source | None:
        """The source; None for one of a later version, or sealed with another key."""
        state = stored.state
        if state.source_type not in frozenset(SourceType) or state.sealed_source_config is None:
            return None
        try:
            config = self._seal.open(state.sealed_source_config, state.id)
        except SealBroken:
            return None
        kind = SourceType(state.source_type)
        return Source(
            type=kind,
            rules=RULES[kind],
            config=read_config(config),
            caller=Caller(
                tenant_id=state.tenant_id,
                key_id=state.id,
                grant=KeyScope.PUBLISH,
                application_id=state.id,
                suspended=stored.suspended,
                tenant=stored.quotas,
            ),
            tokens=state.ingest_tokens,
        )


def config_text(config: SourceConfig) -> str:
    """A configuration as it is sealed."""
    return msgspec.json.encode(config).decode()


def read_config(text: bytes) -> SourceConfig:
    """A configuration from its sealed text."""
    return msgspec.json.decode(text, type=SourceConfig)
