"""The metrics that a gateway declares, for the reference page."""

from typing import Final

from angarium_chassis.metrics.catalog import Catalog

from angarium_gateway.adapters.http.request_counters import REQUESTS
from angarium_gateway.adapters.metrics import GATEWAY

from .journal_figures import JOURNAL

CATALOGS: Final[tuple[Catalog, ...]] = (GATEWAY, REQUESTS, JOURNAL)
