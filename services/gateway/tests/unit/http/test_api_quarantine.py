"""The quarantine: listed, read, replayed and dropped by operators."""

import base64
from typing import Any

import httpx
import pytest
from angarium_contracts.contract import encode
from angarium_contracts.hot_path import DeliveriesRequested, RequestedDelivery, RequestedMessage
from angarium_contracts.ids import APPLICATION, MESSAGE, format_id
from angarium_gateway.application.platform.quarantine import SetAsideBatch

from .conftest import PLATFORM_TOKEN, World

PLATFORM = {"authorization": f"Bearer {PLATFORM_TOKEN}"}
BATCH = b"b" * 16
SECRET = b'{"card": "4111"}'
CHUNK = DeliveriesRequested(
    batch_id=BATCH,
    publication=3,
    settle_to="deliveries.settled:x",
    chunk=0,
    chunks=2,
    redelivered=False,
    messages=(
        RequestedMessage(
            b"m" * 16,
            b"t" * 16,
            b"a" * 16,
            "invoice.paid",
            SECRET,
            (RequestedDelivery(b"e" * 16, 1),),
        ),
    ),
)
AT = 1_735_689_600_000


async def call(
    world: World, method: str, path: str, body: Any = None, **params: str
) -> httpx.Response:
    return await world.client.request(
        method, f"/api/v1/platform{path}", json=body, params=params, headers=PLATFORM
    )


async def ids(world: World, **params: str) -> list[str]:
    answer = (await call(world, "GET", "/quarantine", **params)).json()
    return [each["id"] for each in answer["data"]]


def filled(world: World) -> None:
    world.platform.quarantine("worker", f"{AT}-0", encode(CHUNK))
    world.platform.quarantine("gateway", f"{AT}-0", b"\x00")
    world.platform.quarantine("dispatcher", f"{AT + 5}-1", b"\x00", reason="not an entry of ours")
    world.platform.quarantine("worker", f"{AT + 9}-0", encode(CHUNK))


NEWEST_FIRST = [
    f"worker/{AT + 9}-0",
    f"dispatcher/{AT + 5}-1",
    f"worker/{AT}-0",
    f"gateway/{AT}-0",
]


async def test_entries_are_listed_newest_first_without_their_bytes(world: World) -> None:
    filled(world)
    answer = await call(world, "GET", "/quarantine")
    data = answer.json()["data"]
    assert [each["id"] for each in data] == NEWEST_FIRST
    assert data[0] == {
        "id": f"worker/{AT + 9}-0",
        "service": "worker",
        "stream": "deliveries.requested:{0}",
        "contract": "deliveries.requested/1",
        "reason": "failed 5 times: KeyError",
        "tries": 5,
        "quarantinedAt": "2025-01-01T00:00:00.009000Z",
        "sizeBytes": len(encode(CHUNK)),
        "replayable": True,
        "refusal": None,
    }
    assert data[1]["replayable"] is False
    assert "no service can read it" in data[1]["refusal"]
    assert "4111" not in answer.text
    assert await ids(world, order="ascending") == NEWEST_FIRST[::-1]
    assert await ids(world, service="dispatcher") == [f"dispatcher/{AT + 5}-1"]


@pytest.mark.parametrize("order", ["ascending", "descending"])
@pytest.mark.parametrize("limit", ["1", "2", "3"])
async def test_pages_go_forth_and_back(world: World, order: str, limit: str) -> None:
    filled(world)
    whole = NEWEST_FIRST if order == "descending" else NEWEST_FIRST[::-1]
    pages: list[dict[str, Any]] = []
    asked = {"limit": limit, "order": order}
    while not pages or not pages[-1]["done"]:
        pages.append((await call(world, "GET", "/quarantine", **asked)).json())
        asked["iterator"] = pages[-1]["iterator"]
    listed = [[each["id"] for each in page["data"]] for page in pages]
    assert [each for page in listed for each in page] == whole
    asked["iterator"] = pages[-1]["prevIterator"]
    before = (await call(world, "GET", "/quarantine", **asked)).json()
    assert [each["id"] for each in before["data"]] == (listed[-2] if len(pages) > 1 else [])


@pytest.mark.parametrize("iterator", ["x", "worker/1", "worker/1-", "nobody/1-1", "-", "batch/1-1"])
async def test_what_is_no_iterator_is_refused(world: World, iterator: str) -> None:
    answer = await call(world, "GET", "/quarantine", iterator=iterator)
    assert answer.status_code == 422
    answer = await call(world, "GET", "/set-aside-batches", iterator=iterator)
    assert answer.status_code == 422


async def test_an_entry_is_shown_with_its_messages_but_no_payload(world: World) -> None:
    filled(world)
    answer = await call(world, "GET", f"/quarantine/worker/{AT}-0")
    shown = answer.json()
    assert (shown["batchId"], shown["publication"]) == (BATCH.hex(), 3)
    assert (shown["chunk"], shown["chunks"], shown["messageCount"]) == (0, 2, 1)
    assert shown["messages"] == [
        {
            "id": format_id(MESSAGE, b"m" * 16),
            "appId": format_id(APPLICATION, b"a" * 16),
            "eventType": "invoice.paid",
            "payloadBytes": len(SECRET),
        }
    ]
    assert "4111" not in answer.text


async def test_reading_the_bytes_stands_in_the_audit_log(world: World) -> None:
    filled(world)
    await ids(world)
    assert world.audit_log.entries == []
    answer = await call(world, "GET", f"/quarantine/worker/{AT}-0/bytes")
    assert base64.b64decode(answer.json()["base64"]) == encode(CHUNK)
    (entry,) = world.audit_log.entries
    assert (entry.operation, entry.method) == ("v1.quarantine.get-bytes", "GET")
    assert entry.path == f"/api/v1/platform/quarantine/worker/{AT}-0/bytes"


@pytest.mark.parametrize("ref", ["worker/1-1", "worker/x", "nobody/1-1", "batch/1-1"])
async def test_what_is_not_in_quarantine_is_404(world: World, ref: str) -> None:
    for path in (f"/quarantine/{ref}", f"/quarantine/{ref}/bytes"):
        answer = await call(world, "GET", path)
        assert answer.status_code == 404, path
        assert "List the entries" in answer.json()["detail"]


async def test_entries_and_batches_are_replayed(world: World) -> None:
    filled(world)
    world.platform.set_aside.batches.append(SetAsideBatch(b"s" * 16, 10, 99, (b"m" * 16,)))
    asked = {"ids": [f"worker/{AT}-0", f"gateway/{AT}-0", f"batch/{(b's' * 16).hex()}"]}

    answer = await call(world, "POST", "/quarantine/replay", asked)

    assert answer.status_code == 200, answer.text
    assert answer.json() == {
        "batches": 1,
        "entries": [
            {"id": f"worker/{AT}-0", "outcome": "put_back", "detail": "put back"},
            {
                "id": f"gateway/{AT}-0",
                "outcome": "kept",
                "detail": "kept: no service can read it; drop it, since its batch is published"
                " again without it",
            },
        ],
    }
    assert len(world.platform.shelves["worker"].put_back) == 1
    assert world.platform.set_aside.brought_back == [b"s" * 16]
    (entry,) = world.audit_log.entries
    assert entry.operation == "v1.quarantine.replay"
    assert entry.after is not None
    assert f"worker/{AT}-0" in entry.after


async def test_everything_is_replayed_that_is_not_published_again_anyway(world: World) -> None:
    filled(world)
    answer = (await call(world, "POST", "/quarantine/replay", {"all": True})).json()
    outcomes = {each["id"]: each["outcome"] for each in answer["entries"]}
    # The journal knows that the batch is closed.
    assert outcomes[f"worker/{AT}-0"] == "settled"
    assert outcomes[f"gateway/{AT}-0"] == "kept"


async def test_one_unknown_id_changes_nothing(world: World) -> None:
    filled(world)
    asked = {"ids": [f"worker/{AT}-0", "worker/1-1"]}
    answer = await call(world, "POST", "/quarantine/replay", asked)
    assert answer.status_code == 422
    assert "worker/1-1" in answer.json()["detail"][0]["msg"]
    assert world.platform.shelves["worker"].put_back == []


async def test_entries_are_dropped_and_batches_are_not(world: World) -> None:
    filled(world)
    batch = {"ids": [f"worker/{AT}-0", f"batch/{(b's' * 16).hex()}"]}
    refused = await call(world, "POST", "/quarantine/drop", batch)
    assert refused.status_code == 422
    assert "cannot be dropped" in refused.json()["detail"][0]["msg"]
    assert len(await ids(world)) == 4

    one = await call(world, "POST", "/quarantine/drop", {"ids": [f"worker/{AT}-0"]})
    assert one.json() == {"dropped": 1}
    every = await call(world, "POST", "/quarantine/drop", {"all": True})
    assert every.json() == {"dropped": 3}
    assert await ids(world) == []
    assert [each.operation for each in world.audit_log.entries] == ["v1.quarantine.drop"] * 3


@pytest.mark.parametrize("body", [{}, {"all": False}, {"ids": ["worker/1-1"], "all": True}])
async def test_either_ids_or_everything_is_named(world: World, body: dict[str, Any]) -> None:
    for operation in ("replay", "drop"):
        answer = await call(world, "POST", f"/quarantine/{operation}", body)
        assert answer.status_code == 422
        assert "either" in answer.json()["detail"][0]["msg"]


async def test_batches_set_aside_are_listed(world: World) -> None:
    world.platform.set_aside.batches.append(SetAsideBatch(b"s" * 16, 10, 99, (b"m" * 16,)))
    (batch,) = (await call(world, "GET", "/set-aside-batches")).json()["data"]
    assert batch["id"] == f"batch/{(b's' * 16).hex()}"
    assert (batch["messages"], batch["publications"], batch["sizeBytes"]) == (1, 10, 99)
