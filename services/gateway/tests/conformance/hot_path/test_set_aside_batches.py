"""Batches that were set aside, on both engines."""

import pytest
from angarium_chassis.database.engine import Database
from angarium_gateway.adapters.database.batches import SET_ASIDE
from angarium_gateway.adapters.database.set_aside_batches import SetAsideBatches
from angarium_gateway.adapters.database.tables import batch
from angarium_gateway.application.read.id_window import IdWindow
from sqlalchemy import insert

IDS = [number.to_bytes(16) for number in range(1, 6)]


@pytest.fixture
async def set_aside(database: Database) -> SetAsideBatches:
    """Five batches set aside, and one that is open."""
    rest = {"stream_number": 0, "publication": 6, "published": True, "bytes": 2}
    async with database.engine.begin() as connection:
        for batch_id, owner in [*((each, SET_ASIDE) for each in IDS), (b"o" * 16, "living")]:
            refs = (b"a" * 16 + batch_id) * 2
            await connection.execute(
                insert(batch).values(id=batch_id, owner=owner, message_refs=refs, **rest)
            )
    return SetAsideBatches(database)


@pytest.mark.parametrize("descending", [True, False])
async def test_pages_go_forth_and_back(set_aside: SetAsideBatches, descending: bool) -> None:
    whole = IDS[::-1] if descending else IDS
    first = await set_aside.page(IdWindow(2, descending=descending))
    second = await set_aside.page(IdWindow(2, whole[1], descending=descending))
    third = await set_aside.page(IdWindow(2, whole[3], descending=descending))
    found = [each.id for page in (first, second, third) for each in page.items]
    assert found == whole
    assert [first.done, second.done, third.done] == [False, False, True]
    back = await set_aside.page(IdWindow(2, whole[4], backwards=True, descending=descending))
    assert [each.id for each in back.items] == whole[2:4]


async def test_a_batch_has_its_messages(set_aside: SetAsideBatches) -> None:
    found = (await set_aside.page(IdWindow(1, descending=False))).items[0]
    assert (found.publication, found.size_bytes) == (6, 2)
    assert found.message_ids == (IDS[0], IDS[0])
    assert [each.id for each in await set_aside.list()] == IDS


async def test_batches_are_brought_back_once(set_aside: SetAsideBatches) -> None:
    assert await set_aside.bring_back(IDS[:2], owner="me") == 2
    assert await set_aside.bring_back(IDS[:2], owner="me") == 0
    assert [each.id for each in await set_aside.list()] == IDS[2:]
    assert await set_aside.open_among([*IDS, b"x" * 16]) == set(IDS)
