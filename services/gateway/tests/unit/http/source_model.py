"""Sources in memory."""

from dataclasses import dataclass, field

from angarium_gateway.application.ingest.sources import StoredSource


@dataclass
class MemoryIngestSources:
    """Implements `IngestSources`."""

    known: dict[bytes, StoredSource] = field(default_factory=dict)

    async def find(self, source_id: bytes) -> StoredSource | None:
        return self.known.get(source_id)
