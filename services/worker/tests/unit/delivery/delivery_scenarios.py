"""What happens to deliveries: together, all that workers do with them."""

from typing import Any

from angarium_worker.domain.attempt_result import FailureReason, without_answer
from angarium_worker.domain.delivery import Delivery, DeliveryKey, Lane
from msgspec.structs import replace

from .delivery_watch import Watch, row_state

EMPTY = Delivery(
    message_id=b"",
    endpoint_id=b"",
    application_id=b"a" * 16,
    tenant_id=b"t" * 16,
    event_type="invoice.paid",
    payload=b"{}",
    endpoint_version=1,
    attempts_made=0,
    channels=(),
    trace=None,
    trigger=0,
    retry_delays_s=None,
    weight=1,
    lane=None,
    fence=None,
    due_in_us=0,
)


def put(rig: Any, watch: Watch, endpoint_id: bytes, **members: Any) -> DeliveryKey:
    """Have a pending delivery on record."""
    row = EMPTY._replace(message_id=rig.new_id(), endpoint_id=endpoint_id, **members)
    key: DeliveryKey = row.key
    rig.ledger.pending[key] = row
    rig.ledger.due_at[key] = rig.ledger.now_us
    watch.states[key] = row_state(row.lane)
    (rig.retry_wake if row.lane is None else rig.lane_wake).notify(0)
    return key


async def first_attempts_end(worker: Any, watch: Watch) -> None:
    rig = worker()
    rig.sender.answers = [200, 500, 410, 500]
    endpoints = [rig.add_endpoint() for _ in range(3)]
    hasty = rig.add_endpoint(retry_delays_s=())
    away = rig.add_endpoint(disabled=True)
    await rig.know(*endpoints, hasty, away)
    await rig.take(rig.chunk([*endpoints, hasty, away]))
    await rig.until_settled()
    rig.sender.answers = None
    for status, request in ((500, "abort-message"), (500, "disable"), (200, "disable")):
        asking = rig.add_endpoint()
        await rig.know(asking)
        settled, sent = len(rig.settlement.settled_receipts), len(rig.sender.sent)
        await rig.take(rig.chunk([asking]))
        await rig.until_sent(sent + 1)
        rig.sender.sent[-1].answer(status, request=request)
        await rig.until_settled(settled + 1)


async def first_attempts_wait(worker: Any, watch: Watch) -> None:
    rig = worker(sending_max=1, linger_s=0.01)
    free, strict = rig.add_endpoint(), rig.add_endpoint(throttle_rate=5)
    await rig.know(free, strict)
    await rig.take(rig.chunk([free, strict]))
    await rig.take(rig.chunk([free]))
    await rig.until_settled(2)
    # Those that waited may be sent as soon as it has ended.
    rig.sender.answers = 500
    rig.sender.sent[0].answer(500)
    await rig.until_idle()


async def a_waiting_one_is_sent(worker: Any, watch: Watch) -> None:
    rig = worker(sending_max=1)
    endpoint = rig.add_endpoint()
    await rig.know(endpoint)
    await rig.take(rig.chunk([endpoint]))
    await rig.take(rig.chunk([endpoint]))
    rig.sender.sent[0].answer()
    await rig.until_sent(2)
    rig.sender.sent[1].on_result(without_answer(FailureReason.NO_FREE_CONNECTION, "", 0.0))
    await rig.until_settled(2)


async def a_worker_dies_with_its_chunk(worker: Any, watch: Watch) -> None:
    dying, other = worker(sending_max=1), worker()
    for rig in (dying, other):
        rig.add_endpoint()
        rig.add_endpoint(known=False)
        dying.endpoints.answering.clear()
        await rig.know(b"\0" * 15 + b"\1")
    known, unknown = other.endpoints.owned
    sending, waiting = dying.chunk([known]), dying.chunk([known])
    requested = dying.chunk([unknown])
    for chunk in (sending, requested, waiting):
        await dying.take(chunk)
    other.sender.answers = 200
    for chunk in (sending, requested, waiting):
        await other.take(replace(chunk, redelivered=True))
    await other.until_settled(3)
    watch.looks_away = True  # it only had to look dead
    dying.sender.answers = 200
    dying.sender.sent[0].answer()
    dying.endpoints.answering.set()
    await dying.until_settled(3)
    watch.looks_away = False


async def rows_in_time(worker: Any, watch: Watch) -> None:
    rig = worker(retrying=True)
    rig.sender.answers = [200, 500, 410, 500]
    for count in range(1, 5):
        endpoint = rig.add_endpoint(retry_delays_s=() if count == 4 else None)
        put(rig, watch, endpoint)
        await rig.until_sent(count)
    strict, away = rig.add_endpoint(fifo=True), rig.add_endpoint(deleted=True)
    keys = [
        put(rig, watch, strict),
        put(rig, watch, away),
        put(rig, watch, rig.add_endpoint(secrets=(b"no",))),
    ]
    cancelled = put(rig, watch, rig.add_endpoint())
    rig.ledger.cancel_marks[cancelled] = "cancelled manually"
    await rig.changes.until(
        lambda: (
            rig.ledger.pending.get(keys[0], EMPTY).lane is not None
            and len(rig.ledger.cancelled) == 2
        )
    )
    await rig.until_idle()


async def rows_in_lanes(worker: Any, watch: Watch) -> None:
    rig = worker(turning=True)
    strict = rig.add_endpoint(concurrency_max=9)
    ordered = rig.add_endpoint(fifo=True)
    put(rig, watch, strict, lane=Lane.FIRST)
    await rig.until_sent(1)
    rig.sender.sent[0].on_result(without_answer(FailureReason.NO_FREE_CONNECTION, "", 0.0))
    put(rig, watch, ordered, lane=Lane.FIRST)
    put(rig, watch, ordered, lane=Lane.FIRST)
    await rig.until_sent(2)
    rig.sender.sent[1].answer(500)
    await rig.changes.until(lambda: bool(rig.ledger.released))
    await rig.stop_turning()
    await rig.until_idle()


async def a_worker_stops(worker: Any, watch: Watch) -> None:
    rig = worker(turning=True, retrying=True)
    free, strict = rig.add_endpoint(), rig.add_endpoint(concurrency_max=1)
    put(rig, watch, free)
    await rig.until_sent(1)
    put(rig, watch, strict, lane=Lane.FIRST)
    await rig.until_sent(2)
    unknown = rig.add_endpoint(known=False)
    rig.endpoints.answering.clear()
    put(rig, watch, unknown)
    await rig.changes.until(lambda: (unknown,) in rig.endpoints.asked)
    await rig.stop_turning()
    await rig.worker.drain(grace_s=0)
    rig.endpoints.answering.set()


SCENARIOS = (
    first_attempts_end,
    first_attempts_wait,
    a_waiting_one_is_sent,
    a_worker_dies_with_its_chunk,
    rows_in_time,
    rows_in_lanes,
    a_worker_stops,
)
