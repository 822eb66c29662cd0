"""The metrics that a dispatcher declares, for the reference page."""

from typing import Final

from angarium_chassis.metrics.catalog import Catalog

from angarium_dispatcher.adapters.metrics import DISPATCHER

CATALOGS: Final[tuple[Catalog, ...]] = (DISPATCHER,)
