"""Posts the messages of a batch: reads each, commits those that are valid, and tells of all."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, cast

from angarium_contracts.ids import MESSAGE, format_id
from angarium_contracts.queries import Problem, ProblemCode
from litestar import Request

from angarium_gateway.application.accept.accept_batch import (
    AcceptBatch,
    BatchItem,
    BatchOutcome,
    Duplicate,
)
from angarium_gateway.application.accept.accept_message import Accepted, Busy, KeyReused
from angarium_gateway.application.accept.accept_message import CreateMissing as CreateMissingNow
from angarium_gateway.application.configuration.create_missing import CreateMissing
from angarium_gateway.application.tenants.authentication import Caller
from angarium_gateway.domain.digests import request_digest
from angarium_gateway.domain.permissions import Permission
from angarium_gateway.domain.quotas import Rate
from angarium_gateway.domain.schema_checks import SchemaCheck

from .accept_route import accepted_message, busy
from .access_control import AccessControl
from .batch_results import batch_out, created_result, refused_result
from .idempotent_posts import HEADER, used_for_another
from .posted_batch import AddressedMessage, check_depth
from .posted_message import (
    PostedMessage,
    checked_message,
    draft_of,
    read_message,
    read_message_as,
)
from .problems import ProblemAnswer, Refused, refusal
from .request_traces import UNTRACED, RequestTraces
from .schema_checks import SchemaChecks
from .schemas.applications import MissingApplicationIn
from .schemas.message_batches import (
    BatchResult,
    MessageBatchOut,
)


@dataclass(slots=True)
class _Valid:
    """The valid messages of a batch, by their places in it, and the violations of their schemas.

    `brought` are those that bring their application; `forbidden` is their answer if it has to be
    created and the caller may not.
    """

    items: dict[int, BatchItem] = field(default_factory=dict)
    violations: dict[int, int] = field(default_factory=dict)
    brought: set[int] = field(default_factory=set)
    forbidden: ProblemAnswer | None = None


class PostBatch:
    """Carries out the operations that take batches. Rules of messages are those of the single
    operation: each is read by `read_message` and `draft_of`."""

    def __init__(
        self,
        access: AccessControl,
        accept: AcceptBatch,
        create_application: CreateMissing,
        check_schema: SchemaChecks,
        *,
        payload_bytes_max: int,
        message_retention_days: int,
        traces: RequestTraces = UNTRACED,
        now: Callable[[], datetime],
    ) -> None:
        self._access = access
        self._accept = accept
        self._create_application = create_application
        self._check_schema = check_schema
        self._payload_bytes_max = payload_bytes_max
        self._message_retention_days = message_retention_days
        self._traces = traces
        self._now = now

    async def __call__(
        self,
        request: Request[Caller, bytes, Any],
        messages: Sequence[bytes | PostedMessage],
        application_ref: str | None,
    ) -> MessageBatchOut:
        """Post messages, which may be decoded (`decoded_batch`), to one application, or where
        `application_ref` is None each to its own.

        Raises `Refused`: 429 if a quota has no room for all that are valid, 422 if the idempotency
        key was used for another request, and 503 if no message was accepted because of the
        database, or, under an idempotency key, some were not.
        """
        headers = request.headers
        return await self._traces.run(
            headers.get("traceparent"),
            headers.get("tracestate"),
            partial(self._post, request, messages, application_ref),
        )

    async def _post(
        self,
        request: Request[Caller, bytes, Any],
        messages: Sequence[bytes | PostedMessage],
        application_ref: str | None,
        trace: str | None,
    ) -> MessageBatchOut:
        caller = request.user
        common = await _Common.of(request, trace)
        results: dict[int, BatchResult] = {}
        valid = await self._read(caller, messages, application_ref, common, results)
        if valid.items:
            items = list(valid.items.values())
            await self._spend(request, items)
            outcomes = await self._accept(caller.tenant_id, items)
            _refuse_if_unavailable(outcomes, repeatable=common.key is not None)
            if application_ref is not None and not valid.brought:
                _refuse_if_absent(outcomes[0])
            for place, outcome in zip(valid.items, outcomes, strict=True):
                results[place] = (
                    created_result(outcome.message, valid.violations.get(place))
                    if isinstance(outcome, Accepted)
                    else _other_result(place, outcome, valid)
                )
        return batch_out([results[place] for place in range(len(messages))])

    async def _read(
        self,
        caller: Caller,
        messages: Sequence[bytes | PostedMessage],
        application_ref: str | None,
        common: "_Common",
        results: dict[int, BatchResult],
    ) -> _Valid:
        """The valid messages; the results of the others are added to `results`."""
        valid = _Valid()
        foreign: dict[str, Refused | None] = {}
        across = application_ref is None
        shape = AddressedMessage if across else PostedMessage
        check_access = across and caller.application_id is not None
        for place, given in enumerate(messages):
            try:
                posted = self._posted(shape, given)
                ref = application_ref or cast("AddressedMessage", posted).application_id
                draft = draft_of(
                    posted,
                    self._now,
                    kept_days=self._message_retention_days,
                    key=None if common.key is None else f"{common.key}\0{place}",
                    request_digest=common.digest,
                    trace=common.trace,
                )
                if check_access:
                    await self._check_access(caller, ref, foreign)
                if caller.schema_check is not None:
                    valid.violations[place] = await self._check_schema(caller, posted)
            except Refused as refused:
                results[place] = refused_result(place, refused.answer)
                continue
            creator = None
            if posted.application is not None:
                valid.brought.add(place)
                creator = self._creator(caller, ref, posted.application)
            valid.items[place] = BatchItem(ref, draft, creator)
        if valid.brought:
            valid.forbidden = await self._creation_refused(caller)
        if valid.forbidden is not None:
            for place in valid.brought:
                item = valid.items[place]
                valid.items[place] = BatchItem(item.application_ref, item.draft)
        return valid

    def _posted(self, shape: type[PostedMessage], given: bytes | PostedMessage) -> PostedMessage:
        """A message of the batch, decoded and checked. Raises `Refused`."""
        if isinstance(given, bytes):
            return read_message_as(shape, given, payload_bytes_max=self._payload_bytes_max)
        check_depth(given)
        return checked_message(given, payload_bytes_max=self._payload_bytes_max)

    async def refusals(
        self, caller: Caller, messages: Sequence[bytes]
    ) -> list[tuple[int, ProblemAnswer]]:
        """The places of the messages that would be refused by themselves, and why. Nothing is
        accepted."""
        found = []
        for place, text in enumerate(messages):
            try:
                posted = read_message(text, payload_bytes_max=self._payload_bytes_max)
                if caller.schema_check is SchemaCheck.ENFORCE:
                    await self._check_schema(caller, posted)
            except Refused as refused:
                found.append((place, refused.answer))
        return found

    async def _check_access(
        self, caller: Caller, ref: str, known: dict[str, Refused | None]
    ) -> None:
        """Refuse an application that the caller may not post to. That of the path was checked with
        the request."""
        if ref not in known:
            known[ref] = None
            try:
                await self._access.authorize(caller, Permission.PUBLISH, ref)
            except Refused as refused:
                known[ref] = refused
        refused_before = known[ref]
        if refused_before is not None:
            raise refused_before

    async def _spend(
        self, request: Request[Caller, bytes, Any], items: Sequence[BatchItem]
    ) -> None:
        if not request.user.quotas:
            return
        size_bytes = sum(len(each.draft.payload) for each in items)
        costs = {Rate.MESSAGES: len(items), Rate.PAYLOAD_BYTES: size_bytes}
        await self._access.spend(request.user, costs, request.scope)

    async def _creation_refused(self, caller: Caller) -> ProblemAnswer | None:
        """The answer for messages that bring an application, if the caller may not create it."""
        try:
            await self._access.authorize(caller, Permission.MANAGE_TENANT, None)
        except Refused as refused:
            return refused.answer
        return None

    def _creator(
        self, caller: Caller, ref: str, application: MissingApplicationIn
    ) -> CreateMissingNow:
        return lambda: self._create_application(
            caller.tenant_id, ref, application, applications_max=caller.tenant.applications_max
        )


@dataclass(frozen=True, slots=True)
class _Common:
    """The members that all messages of a request share. `digest` is given with a `key`. Under a key
    each message has one of its own, stored with it: a repeat finds those that were stored, even if
    the gateway died before it answered."""

    key: str | None
    digest: bytes | None
    trace: str | None

    @classmethod
    async def of(cls, request: Request[Caller, bytes, Any], trace: str | None) -> "_Common":
        key = request.headers.get(HEADER)
        path = request.url.path.rstrip("/")
        digest = None if key is None else request_digest("POST", path, await request.body())
        return cls(key, digest, trace)


def _refuse_if_absent(first: BatchOutcome) -> None:
    """Raise `Refused` (404) if there is no application of the path."""
    if isinstance(first, Problem) and first.code is ProblemCode.NOT_FOUND:
        raise Refused(refusal(first))


def _other_result(place: int, outcome: BatchOutcome, valid: _Valid) -> BatchResult:
    """The result of a message that was not created."""
    if isinstance(outcome, Duplicate):
        message_id = outcome.message_id
        return BatchResult(
            status="duplicate",
            id=None if message_id is None else format_id(MESSAGE, message_id),
            event_id=outcome.event_id,
        )
    absent = isinstance(outcome, Problem) and outcome.code is ProblemCode.NOT_FOUND
    if absent and valid.forbidden is not None and place in valid.brought:
        return refused_result(place, valid.forbidden)
    try:
        return created_result(accepted_message(outcome), None)
    except Refused as refused:
        return refused_result(place, refused.answer)


def _refuse_if_unavailable(outcomes: Sequence[BatchOutcome], *, repeatable: bool) -> None:
    """Refuse the whole request where repeating it is safe and may store more. Raises `Refused`."""
    others = [each for each in outcomes if not isinstance(each, Accepted)]
    if any(isinstance(each, KeyReused) for each in others):
        raise Refused(used_for_another())
    not_stored = [each for each in others if isinstance(each, Busy)]
    if not_stored and (repeatable or len(not_stored) == len(outcomes)):
        raise Refused(busy(not_stored[0]))
