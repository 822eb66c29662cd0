"""The envelope of queries and commands, and what every answer may be."""

from enum import StrEnum

import msgspec

from .contract import Contract, Part


class Query(Contract, frozen=True, tag="query/1"):
    """A question to a service. `body` is an encoded contract.

    The answer goes to the stream `reply_to`, with the same `correlation_id`. Once it is
    `lives_ms` old, by Redis's clock, nobody waits for it and it must not be carried out; 0: from
    `expires_at_ms` on (Unix time), by everybody's own.
    """

    correlation_id: int
    reply_to: str
    expires_at_ms: int
    body: msgspec.Raw
    lives_ms: int = 0


class Reply(Contract, frozen=True, tag="reply/1"):
    """An answer. `body` is an encoded contract, or a `Problem`."""

    correlation_id: int
    body: msgspec.Raw


class ProblemCode(StrEnum):
    """Why a query was refused; the gateway gives each its HTTP status."""

    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    INVALID = "invalid"
    UNAVAILABLE = "unavailable"
    PRECONDITION_FAILED = "precondition_failed"
    QUOTA_REACHED = "quota_reached"


class Problem(Contract, frozen=True, tag="problem/1"):
    """A refusal. `field` names the member at fault, as the API spells it; `path` leads further
    into it; `detail` says what to change."""

    code: ProblemCode
    detail: str
    field: str | None = None
    path: tuple[str, ...] = ()


class Done(Contract, frozen=True, tag="done/1"):
    """A command without a result was carried out. `version` is the directory's after it. `before`:
    the object that it changed as it was, as the JSON of its contract."""

    version: int = 0
    before: bytes | None = None


class Page(Part, frozen=True):
    """A page of a list: `limit` from 1 to 250; `iterator` from an earlier answer."""

    limit: int = 50
    iterator: str | None = None
    descending: bool = False
