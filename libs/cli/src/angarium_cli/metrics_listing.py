"""The metrics of all services as tables, of which `make reference` makes metrics.md."""

from collections.abc import Iterable
from importlib import import_module

from angarium_chassis.http_server.connection_end import HTTP_SERVER
from angarium_chassis.metrics.catalog import Catalog, Declared
from angarium_chassis.metrics.process_metrics import EVERY_PROCESS
from angarium_chassis.metrics.stream_figures import REDIS_AND_STREAMS
from angarium_chassis.tracing.span_metrics import TRACES

from angarium_cli.services import SERVICES


def all_catalogs() -> list[Catalog]:
    """Those of the services, of every process, and of Redis."""
    found = []
    for service in SERVICES:
        found += import_module(f"angarium_{service}.examination.metric_catalogs").CATALOGS
    return [*found, EVERY_PROCESS, HTTP_SERVER, TRACES, REDIS_AND_STREAMS]


def as_markdown(catalogs: Iterable[Catalog]) -> str:
    """A table for each catalog."""
    return "\n".join(_section(catalog) for catalog in catalogs)


def _section(catalog: Catalog) -> str:
    lines = [f"## {catalog.title}", "", "| metric | kind | labels | meaning |", "|---|---|---|---|"]
    return "\n".join([*lines, *(_row(each) for each in catalog)]) + "\n"


def _row(metric: Declared) -> str:
    name = metric.name + ("_total" if metric.kind == "counter" else "")
    labels = ", ".join(f"`{label}`" for label in metric.labels)
    text = metric.text.replace("|", "\\|")
    kind = f"{metric.kind}, one reporter" if metric.platform_wide else metric.kind
    return f"| `{name}` | {kind} | {labels} | {text} |"
