"""The metrics that a worker declares, for the reference page."""

from typing import Final

from angarium_chassis.metrics.catalog import Catalog

from angarium_worker.adapters.metrics import WORKER

from .backlog_figures import BACKLOG

CATALOGS: Final[tuple[Catalog, ...]] = (WORKER, BACKLOG)
