"""Posts batches of events to Angarium, and reads what became of each event."""

import asyncio
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from angarium_outbox.counters import RelayCounters
from angarium_outbox.store import PendingEvent

_PATH: Final = "/api/v1/msg/batch"
_ANSWER_BYTES_MAX: Final = 8_000_000
_SPLIT: Final = frozenset({400, 413, 422, 500})
"""Statuses that may be due to one event of several: the batch is halved until it is alone."""
_HELD_MAX: Final = 3
"""Events of a batch that may be answered with 500 alone before it is a fault of the platform."""
_REFUSED_ALONE: Final = frozenset({400, 413, 422})
"""Statuses by which an event that is alone in its batch is refused for good."""


@dataclass(frozen=True, slots=True)
class Failure:
    """The reason why a request has to be repeated."""

    reason: str
    retry_after_s: float | None = None


@dataclass(slots=True)
class Posted:
    """The outcomes of events. An event that is in none of these was not posted, or has to be posted
    again because of `failure`. `held` are events that Angarium answers with 500."""

    accepted: list[int] = field(default_factory=list)
    set_aside: dict[int, str] = field(default_factory=dict)
    held: list[PendingEvent] = field(default_factory=list)
    failure: Failure | None = None

    def add(self, other: "Posted") -> None:
        """Add what became of other events."""
        self.accepted += other.accepted
        self.set_aside |= other.set_aside
        self.held += other.held
        self.failure = self.failure or other.failure


class Poster:
    """Posts batches with `http`, a client of Angarium with the API key."""

    def __init__(
        self, http: httpx.AsyncClient, counters: RelayCounters, *, timeout_s: float
    ) -> None:
        self._http = http
        self._counters = counters
        self._timeout_s = timeout_s

    async def post(self, batch: Sequence[PendingEvent]) -> Posted:
        """Post a batch. One that is refused as a whole is halved, so that one event does not stop
        the others."""
        result = Posted()
        waiting = [batch]
        while waiting and result.failure is None:
            events = waiting.pop()
            posted = await self._request(events)
            if posted is None:
                middle = len(events) // 2
                waiting += [events[middle:], events[:middle]]
            else:
                result.add(posted)
            if len(result.held) >= _HELD_MAX:
                result.failure = Failure("Angarium answers several events with 500")
        return result

    async def _request(self, events: Sequence[PendingEvent]) -> Posted | None:
        """The outcomes of the events; None if a smaller batch has to be tried."""
        body = body_of(events)
        # The same body after a crash or a timeout has the same key, in whichever relay.
        headers = {
            "content-type": "application/json",
            "idempotency-key": f"outbox-{hashlib.sha256(body).hexdigest()[:40]}",
        }
        self._counters.requests += 1
        try:
            answer = await self._post(body, headers)
        except (httpx.HTTPError, TimeoutError) as error:
            name = type(error).__name__
            return Posted(failure=Failure(f"Angarium does not answer: {name} {error}".rstrip()))
        if answer.status in _SPLIT and len(events) > 1:
            return None
        if answer.status in _REFUSED_ALONE:
            return Posted(set_aside={events[0].position: answer.refusal})
        if answer.status == httpx.codes.INTERNAL_SERVER_ERROR:
            return Posted(held=list(events))
        if answer.status != httpx.codes.ACCEPTED:
            return Posted(failure=Failure(answer.refusal, answer.retry_after_s))
        try:
            return read_results(events, json.loads(answer.body))
        except (ValueError, KeyError, TypeError, IndexError):
            reason = "the answer is not one of Angarium; check ANGARIUM_OUTBOX_API_URL"
            return Posted(failure=Failure(reason))

    async def _post(self, body: bytes, headers: Mapping[str, str]) -> "_Answer":
        """Send a request, and read the answer up to `_ANSWER_BYTES_MAX`. Raises httpx.HTTPError and
        TimeoutError."""
        # httpx limits the time of each read only.
        async with (
            asyncio.timeout(self._timeout_s),
            self._http.stream("POST", _PATH, content=body, headers=headers) as answer,
        ):
            read = bytearray()
            async for part in answer.aiter_bytes():
                read += part
                if len(read) > _ANSWER_BYTES_MAX:
                    raise httpx.ReadError("the answer is too long")
            return _Answer(answer.status_code, bytes(read), answer.headers.get("retry-after", ""))


def body_of(events: Sequence[PendingEvent]) -> bytes:
    """The body of a batch. Payloads are sent as they were added, byte for byte."""
    return f'{{"messages":[{",".join(map(_message, events))}]}}'.encode()


def _message(event: PendingEvent) -> str:
    # These names need no escapes: `row_of` has checked them.
    options = f",{event.options[1:-1]}" if event.options else ""
    return (
        f'{{"applicationId":"{event.application}","eventType":"{event.event_type}",'
        f'"eventId":"{event.event_id}","payload":{event.payload}{options}}}'
    )


def read_results(events: Sequence[PendingEvent], answer: Any) -> Posted:
    """Read the answer to a batch. Raises ValueError and its like for one of something else."""
    results = answer["data"]
    if len(results) != len(events):
        raise ValueError("the answer has another number of results")
    posted = Posted()
    for event, result in zip(events, results, strict=True):
        match result["status"]:
            case "created" | "duplicate":
                posted.accepted.append(event.position)
            case "invalid" if _is_final(int(result["error"]["status"])):
                posted.set_aside[event.position] = _reason(result["error"])
            case "invalid" | "unavailable":
                posted.failure = Failure(f"an event is not stored: {_reason(result.get('error'))}")
            case _:
                raise ValueError("the answer has an unknown status")
    return posted


def _is_final(status: int) -> bool:
    """True for a refusal that posting again would not change."""
    return 400 <= status < 500 and status not in (408, 425, 429)


def _reason(error: Any) -> str:
    """The refusal of one event, with the places of its faults."""
    if not error:
        return "no reason is given"
    faults = [
        f"{'.'.join(fault['loc'][3:]) or 'message'}: {fault['msg']}" for fault in error["detail"]
    ]
    return f"{error['status']} {error['code']}: {'; '.join(faults)}"


@dataclass(frozen=True, slots=True)
class _Answer:
    """An answer to a request."""

    status: int
    body: bytes
    retry_after: str

    @property
    def refusal(self) -> str:
        """The refusal of a whole request."""
        try:
            detail = json.loads(self.body)["detail"]
            said = detail if isinstance(detail, str) else json.dumps(detail)
        except (ValueError, KeyError, TypeError):
            said = "without a reason"
        return f"{self.status} {said[:300]}"

    @property
    def retry_after_s(self) -> float | None:
        """The time that `Retry-After` asks for, if it is in seconds."""
        given = self.retry_after
        return float(given) if given.isascii() and given.isdigit() and len(given) < 10 else None
