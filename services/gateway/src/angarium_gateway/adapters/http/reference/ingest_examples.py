"""Examples of answers about sources and their endpoints."""

from typing import Final

from angarium_gateway.adapters.http.schemas.fields import ApiSchema
from angarium_gateway.adapters.http.schemas.ingest import (
    IngestEndpointOut,
    IngestSourceConfigOut,
    IngestSourceOut,
    RotateTokenOut,
)
from angarium_gateway.domain.ingest.source_types import SourceType

from .example_values import ENDPOINT, ID, MADE_AT, URL

_INGEST_URL: Final = f"https://webhooks.example.com/ingest/api/v1/source/src_{ID}/in/ang_in_…"
INGEST_EXAMPLES: Final[tuple[ApiSchema, ...]] = (
    IngestSourceOut(
        id=f"src_{ID}",
        uid="github",
        name="GitHub, organisation",
        ingest_url=_INGEST_URL,
        created_at=MADE_AT,
        updated_at=MADE_AT,
        metadata={},
        type=SourceType.GITHUB,
        config=IngestSourceConfigOut(),
    ),
    RotateTokenOut(ingest_url=_INGEST_URL),
    IngestEndpointOut(
        id=ENDPOINT,
        uid="billing",
        url=URL,
        description="Deployments",
        disabled=False,
        throttle_rate=None,
        event_types=("github.push",),
        metadata={},
        created_at=MADE_AT,
        updated_at=MADE_AT,
    ),
)
