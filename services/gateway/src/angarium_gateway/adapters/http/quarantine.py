"""/api/v1/platform/quarantine and …/set-aside-batches"""

import re
from typing import Annotated, Final, Literal

from litestar import Controller, get, post
from litestar.params import JSONBody, PathParameter, QueryParameter

from angarium_gateway.application.platform.quarantine import (
    BATCH,
    HoldsMessages,
    NoSuchEntry,
    QuarantineRefused,
)
from angarium_gateway.application.platform.quarantine_pages import (
    EntryPosition,
    QuarantineWindow,
    position_of,
    read_page,
)
from angarium_gateway.application.read.id_window import IdWindow

from .audited_changes import AUDITED_READING
from .dependencies import Api
from .id_lists import BACKWARDS
from .noted_changes import note_change
from .parameters import LIMIT_DEFAULT, NAME_CHARS_MAX, Iterator, Limit, Order
from .problems import Fault, ProblemAnswer, Refused, invalid, problem_answer
from .schemas.fields import NAME_PATTERN
from .schemas.lists import ListResponse
from .schemas.quarantine import (
    QuarantineBytesOut,
    QuarantineDropIn,
    QuarantineDropOut,
    QuarantineEntryDetailsOut,
    QuarantineEntryOut,
    QuarantineReplayIn,
    QuarantineReplayOut,
    SetAsideBatchOut,
    bytes_out,
    details_out,
    entry_out,
    replayed_out,
    set_aside_out,
)

Service = Annotated[
    Literal["gateway", "dispatcher", "worker"] | None,
    QueryParameter(description="Only entries of this service."),
]
ServiceName = Annotated[
    str,
    PathParameter(
        pattern=NAME_PATTERN,
        max_length=NAME_CHARS_MAX,
        description="The service that could not handle the entry.",
    ),
]
EntryId = Annotated[
    str,
    PathParameter(
        pattern=NAME_PATTERN,
        max_length=NAME_CHARS_MAX,
        description="The id of the entry in its quarantine: that of the list without the service.",
    ),
]
_ITERATOR: Final = re.compile(r"(gateway|dispatcher|worker)/(\d{1,15}-\d{1,19})", re.ASCII)
_BATCH_ITERATOR: Final = re.compile(rf"{BATCH}/([0-9a-f]{{32}})")


class QuarantineController(Controller):
    """Entries that a service could not handle, and batches set aside. No message is lost by being
    there: its batch stays open in the journal."""

    path = "/api/v1/platform"
    tags = ("Platform Operation",)

    @get("/quarantine", operation_id="v1.quarantine.list", summary="List entries in quarantine")
    async def list_entries(
        self,
        api: Api,
        service: Service = None,
        limit: Limit = LIMIT_DEFAULT,
        iterator: Iterator = None,
        order: Order = "descending",
    ) -> ListResponse[QuarantineEntryOut]:
        """Returns the entries that could not be handled, with the reason, the time and the size,
        newest first unless `order` says otherwise.
        """
        backwards = iterator is not None and iterator.startswith(BACKWARDS)
        past = None if iterator is None else _position(iterator.removeprefix(BACKWARDS))
        window = QuarantineWindow(limit, past, backwards, order == "descending", service)
        page = await read_page(api.platform.quarantine.shelves, window)
        ends = (page.items[0].ref, page.items[-1].ref) if page.items else None
        at = None if iterator is None else iterator.removeprefix(BACKWARDS)
        first, last = ends or (at, at)
        return ListResponse(
            data=[entry_out(each) for each in page.items],
            iterator=last,
            prev_iterator=None if first is None else BACKWARDS + first,
            done=page.done,
        )

    @get(
        "/quarantine/{service:str}/{entry_id:str}",
        operation_id="v1.quarantine.get",
        summary="Get an entry in quarantine",
    )
    async def get_entry(
        self, api: Api, service: ServiceName, entry_id: EntryId
    ) -> QuarantineEntryDetailsOut:
        """Returns an entry with the batch and the messages that it carries, but no payloads."""
        try:
            return details_out(await api.platform.quarantine.entry(f"{service}/{entry_id}"))
        except QuarantineRefused as refusal:
            raise Refused(_absent(refusal)) from None

    @get(
        "/quarantine/{service:str}/{entry_id:str}/bytes",
        operation_id="v1.quarantine.get-bytes",
        summary="Read the bytes of an entry in quarantine",
        opt={AUDITED_READING: True},
    )
    async def get_bytes(
        self, api: Api, service: ServiceName, entry_id: EntryId
    ) -> QuarantineBytesOut:
        """Returns the bytes of an entry, in base64. They contain payloads of customers: that they
        were read stands in the audit log.
        """
        try:
            return bytes_out(await api.platform.quarantine.entry(f"{service}/{entry_id}"))
        except QuarantineRefused as refusal:
            raise Refused(_absent(refusal)) from None

    @post(
        "/quarantine/replay",
        operation_id="v1.quarantine.replay",
        summary="Replay entries in quarantine",
        status_code=200,
    )
    async def replay(self, api: Api, data: JSONBody[QuarantineReplayIn]) -> QuarantineReplayOut:
        """Puts entries back on their streams, and has batches published again.

        An entry goes back once. Deliveries that were made in the meantime are not repeated. With
        `all`, entries whose batches are published again anyway are removed. If one of the `ids`
        does not exist, nothing changes, and the answer is `422`.
        """
        work, force = api.platform.quarantine, bool(data.force)
        _require_one(ids=data.ids is not None, every=bool(data.all))
        try:
            if data.ids is None:
                done = await work.replay_all(force=force)
            else:
                done = await work.replay(data.ids, force=force)
        except QuarantineRefused as refusal:
            raise Refused(_wrong(refusal)) from None
        answer = replayed_out(done)
        note_change(None, answer)
        return answer

    @post(
        "/quarantine/drop",
        operation_id="v1.quarantine.drop",
        summary="Drop entries in quarantine",
        status_code=200,
    )
    async def drop(self, api: Api, data: JSONBody[QuarantineDropIn]) -> QuarantineDropOut:
        """Deletes entries. Their messages stay accepted: each batch is open, set aside or delivered
        already. A batch set aside cannot be dropped.
        """
        work = api.platform.quarantine
        _require_one(ids=data.ids is not None, every=bool(data.all))
        refs = data.ids
        if refs is None:
            refs = [f"{entry.service}/{entry.id}" async for entry in work.entries()]
        try:
            dropped = await work.drop(refs)
        except QuarantineRefused as refusal:
            raise Refused(_wrong(refusal)) from None
        note_change({"ids": refs[:20]}, {"ids": [], "dropped": dropped})
        return QuarantineDropOut(dropped=dropped)

    @get(
        "/set-aside-batches",
        operation_id="v1.quarantine.list-set-aside-batches",
        summary="List batches set aside",
    )
    async def list_batches(
        self,
        api: Api,
        limit: Limit = LIMIT_DEFAULT,
        iterator: Iterator = None,
        order: Order = "descending",
    ) -> ListResponse[SetAsideBatchOut]:
        """Returns the batches that were published too often without being settled, newest first
        unless `order` says otherwise. *Replay entries in quarantine* has them published again.
        """
        descending = order == "descending"
        window = IdWindow(limit, descending=descending)
        if iterator is not None:
            past = _batch_id(iterator.removeprefix(BACKWARDS))
            window = IdWindow(limit, past, iterator.startswith(BACKWARDS), descending)
        page = await api.platform.quarantine.batch_page(window)
        first, last = (page.items[0].id, page.items[-1].id) if page.items else (window.past,) * 2
        return ListResponse(
            data=[set_aside_out(each) for each in page.items],
            iterator=None if last is None else f"{BATCH}/{last.hex()}",
            prev_iterator=None if first is None else f"{BACKWARDS}{BATCH}/{first.hex()}",
            done=page.done,
        )


def _position(ref: str) -> EntryPosition:
    found = _ITERATOR.fullmatch(ref)
    if found is None:
        raise Refused(invalid(Fault(("query", "iterator"), _NO_ITERATOR)))
    return position_of(found[1], found[2])


def _batch_id(ref: str) -> bytes:
    found = _BATCH_ITERATOR.fullmatch(ref)
    if found is None:
        raise Refused(invalid(Fault(("query", "iterator"), _NO_ITERATOR)))
    return bytes.fromhex(found[1])


_NO_ITERATOR: Final = (
    "This is no iterator of this list. Pass one from an earlier page, or leave it out."
)


def _require_one(*, ids: bool, every: bool) -> None:
    if ids == every:
        message = "Give either `ids`, or `all`: true."
        raise Refused(invalid(Fault(("body", "ids"), message)))


def _absent(refusal: QuarantineRefused) -> ProblemAnswer:
    detail = f"There is no entry {refusal.ref} in quarantine. List the entries to find its id."
    return problem_answer(404, "not_found", "Not found", detail)


def _wrong(refusal: QuarantineRefused) -> ProblemAnswer:
    ref = refusal.ref
    match refusal:
        case HoldsMessages():
            message = f"{ref} holds accepted messages and cannot be dropped. Replay it."
        case NoSuchEntry():
            message = f"There is no {ref} in quarantine. List the entries again."
        case _:
            message = f"{ref} is not an id such as worker/1735689600000-0. List the entries."
    return invalid(Fault(("body", "ids"), message))
