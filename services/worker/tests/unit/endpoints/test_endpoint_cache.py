"""The endpoints' configuration, from memory, copy or dispatcher."""

import asyncio
from typing import Any

from angarium_worker.application.endpoints.endpoint_cache import EndpointCache
from angarium_worker.application.endpoints.endpoint_config import Inactive, ResolvedEndpoint


async def test_what_the_copy_has_is_not_asked_for(rig: Any) -> None:
    endpoint = rig.add_endpoint()
    found = await rig.cache.load({endpoint: 1})
    assert isinstance(found[endpoint], ResolvedEndpoint)
    assert rig.endpoints.asked == []
    assert rig.cache.get(endpoint, 1) is found[endpoint]
    assert rig.cache.get(endpoint, 2) is None


async def test_two_who_miss_the_same_endpoint_ask_once(rig: Any) -> None:
    rig.endpoints.answering.clear()
    endpoint, other = rig.add_endpoint(known=False), rig.add_endpoint(known=False)
    first = asyncio.ensure_future(rig.cache.load({endpoint: 1}))
    await rig.changes.until(lambda: len(rig.endpoints.asked) == 1)
    second = asyncio.ensure_future(rig.cache.load({endpoint: 1, other: 1}))
    await rig.changes.until(lambda: len(rig.endpoints.asked) == 2)
    rig.endpoints.answering.set()
    assert len(await first) == 1
    assert len(await second) == 2
    assert rig.endpoints.asked == [(endpoint,), (other,)]


async def test_a_change_replaces_what_is_in_memory(rig: Any) -> None:
    endpoint = rig.add_endpoint()
    await rig.know(endpoint)
    await rig.cache.apply(2, (), [rig.moved(endpoint, "https://example.com/b", version=2)])
    known = rig.cache.get(endpoint, 1)
    assert isinstance(known, ResolvedEndpoint)
    assert (known.url, await rig.cache.version()) == ("https://example.com/b", 2)


async def test_an_older_change_changes_nothing(rig: Any) -> None:
    endpoint = rig.add_endpoint(version=5)
    await rig.know(endpoint)
    await rig.cache.apply(9, (), [rig.moved(endpoint, "https://example.com/old", version=4)])
    assert rig.cache.get(endpoint, 5).url == rig.endpoints.owned[endpoint].url
    assert rig.endpoints.copied[endpoint].version == 5


async def test_a_change_that_comes_while_an_older_state_is_fetched_wins(rig: Any) -> None:
    rig.endpoints.answering.clear()
    endpoint = rig.add_endpoint(known=False)
    loading = asyncio.ensure_future(rig.cache.load({endpoint: 1}))
    await rig.changes.until(lambda: bool(rig.endpoints.asked))
    await rig.cache.apply(2, (), [rig.moved(endpoint, "https://example.com/new", version=2)])
    rig.endpoints.answering.set()
    await loading
    assert rig.cache.get(endpoint, 1).url == "https://example.com/new"


async def test_an_endpoint_that_its_owner_does_not_know_is_inactive(rig: Any) -> None:
    unknown = rig.new_id()
    found = await rig.cache.load({unknown: 3})
    assert isinstance(found[unknown], Inactive)


async def test_memory_holds_only_the_endpoints_used_last(rig: Any) -> None:
    cache = EndpointCache(
        rig.endpoints, rig.endpoints, lambda sealed, _: sealed, rig.destinations, endpoints_max=2
    )
    first, second, third = (rig.add_endpoint() for _ in range(3))
    await cache.load({first: 1, second: 1})
    assert cache.get(first, 1) is not None
    await cache.load({third: 1})
    assert cache.get(second, 1) is None
    assert cache.get(first, 1) is not None
    assert cache.get(third, 1) is not None
