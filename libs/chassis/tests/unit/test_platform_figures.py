"""A figure of the whole platform is reported by one process, and never when it is stale."""

import asyncio
from collections.abc import Iterator, Sequence

import pytest
from angarium_chassis.metrics.catalog import Catalog
from angarium_chassis.metrics.histogram import Example, Histogram
from angarium_chassis.metrics.platform_figures import PlatformFigures
from angarium_chassis.metrics.scrape import Scrape, refresh_timeout_s
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

CATALOG = Catalog("Test")
WAITING = CATALOG.read_gauge("test_waiting", "Things that wait.")
TOOK = CATALOG.read_histogram("test_took_seconds", "How long it took.", "kind")


class Platform:
    def __init__(self) -> None:
        self.reports = True
        self.fails = False
        self.hangs = False
        self.now_s = 0.0
        self.reads = 0
        figures = PlatformFigures(self, self.read, every_s=10.0, clock_s=lambda: self.now_s)
        self.scrape = Scrape(figures=[figures])

    async def held(self) -> bool:
        return self.reports

    async def read(self) -> Sequence[Metric]:
        if self.fails:
            raise OSError("the database is away")
        if self.hangs:
            await asyncio.Event().wait()
        self.reads += 1
        return [WAITING.value(self.reads)]

    async def scraped(self) -> str | None:
        _, text = await self.scrape.answer()
        values = [line for line in text.decode().splitlines() if line.startswith("test_waiting ")]
        return values[0].split()[1] if values else None


async def test_the_reporter_reads_at_most_once_in_a_while() -> None:
    platform = Platform()

    assert [await platform.scraped(), await platform.scraped()] == ["1.0", "1.0"]
    platform.now_s = 10.0
    assert await platform.scraped() == "2.0"


async def test_a_process_that_does_not_report_neither_reads_nor_shows_what_it_read() -> None:
    platform = Platform()
    await platform.scraped()
    platform.reports = False

    assert await platform.scraped() is None
    assert platform.reads == 1
    platform.reports = True
    assert await platform.scraped() == "2.0"


async def test_a_figure_that_cannot_be_read_is_missing() -> None:
    platform = Platform()
    await platform.scraped()
    platform.now_s, platform.fails = 10.0, True

    assert await platform.scraped() is None
    platform.fails = False
    assert await platform.scraped() == "2.0"


async def test_a_figure_that_takes_longer_than_the_scraper_waits_is_missing() -> None:
    platform = Platform()
    await platform.scraped()
    platform.now_s, platform.hangs = 10.0, True

    _, text = await platform.scrape.answer(scrape_timeout="0.01")
    assert b"test_waiting " not in text
    assert b"process_cpu_seconds_total" in text
    platform.hangs = False
    assert await platform.scraped() == "2.0"


@pytest.mark.parametrize(
    ("header", "timeout_s"),
    [
        ("10", 6.0),
        ("5.000000", 4.0),
        ("1", 0.8),
        ("", 6.0),
        ("soon", 6.0),
        ("nan", 6.0),
        ("0", 6.0),
    ],
)
def test_reading_ends_before_the_scraper_gives_up(header: str, timeout_s: float) -> None:
    assert refresh_timeout_s(header) == pytest.approx(timeout_s)


async def test_a_scraper_gets_the_format_that_it_asks_for() -> None:
    scrape = Platform().scrape

    assert (await scrape.answer())[0].startswith("text/plain")
    media_type, text = await scrape.answer("application/openmetrics-text; version=1.0.0")
    assert media_type.startswith("application/openmetrics-text")
    assert text.endswith(b"# EOF\n")


def test_a_histogram_is_cumulative_and_has_the_sum() -> None:
    histogram = Histogram((0.1, 1.0))
    for value in (0.1, 0.5, 0.6, 7.0):
        histogram.observe(value)

    samples = {
        (each.name, each.labels.get("le")): each.value
        for each in TOOK.histograms({"quick": histogram}).samples
    }

    assert samples == {
        ("test_took_seconds_bucket", "0.1"): 1,
        ("test_took_seconds_bucket", "1"): 3,
        ("test_took_seconds_bucket", "+Inf"): 4,
        ("test_took_seconds_count", None): 4,
        ("test_took_seconds_sum", None): 8.2,
    }


class Took(Collector):
    def __init__(self, histogram: Histogram) -> None:
        self._histogram = histogram

    def collect(self) -> Iterator[Metric]:
        yield TOOK.histograms({"quick": self._histogram})


async def test_the_latest_example_of_a_bucket_leads_to_its_trace_in_openmetrics() -> None:
    histogram = Histogram((0.1, 1.0))
    for trace in ("first", "second"):
        histogram.observe(0.5)
        histogram.keep(Example({"trace_id": trace}, 0.5, 1_700_000_000.0))
    scrape = Scrape([Took(histogram)])

    _, text = await scrape.answer("application/openmetrics-text; version=1.0.0")
    lines = [line for line in text.decode().splitlines() if line.startswith("test_took")]

    assert lines[1].endswith('# {trace_id="second"} 0.5 1700000000.0')
    assert [line for line in lines if "#" in line] == [lines[1]]
    _, plain = await scrape.answer()
    assert b"trace_id" not in plain
