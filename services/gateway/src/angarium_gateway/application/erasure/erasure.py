"""The use cases that delete the content of many messages, built over their ports."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from angarium_gateway.application.configuration.application_directory import ApplicationDirectory
from angarium_gateway.application.legal_holds import LegalHolds
from angarium_gateway.application.read.references import References
from angarium_gateway.application.redelivery.expunge_content import ExpungeContent
from angarium_gateway.application.redelivery.redelivery import Redelivery
from angarium_gateway.application.service_query import ServiceQuery
from angarium_gateway.domain.background_tasks import TaskKind

from .bulk_expunge import BulkExpunge
from .delete_content import DeleteContent
from .deletion_step import DeleteContents
from .erasable_messages import ErasableMessages
from .named_applications import NamedApplications
from .receipts import ErasureReceipts
from .start_deletion import StartDeletion


@dataclass(frozen=True, slots=True)
class Erasure:
    """Deletion of the content of many messages, and of the data of a person."""

    start: StartDeletion
    bulk: BulkExpunge
    receipts: ErasureReceipts


def build_erasure(
    messages: ErasableMessages,
    holds: LegalHolds,
    delete: DeleteContent,
    expunge: ExpungeContent,
    references: References,
    directory: ApplicationDirectory,
    redelivery: Redelivery,
    ask_dispatcher: ServiceQuery,
    *,
    receipt_keys: Sequence[bytes],
    make_id: Callable[[], bytes],
    now: Callable[[], datetime],
) -> Erasure:
    """Build the use cases, and add their step to the runner of background tasks."""
    receipts = ErasureReceipts(*receipt_keys)
    named = NamedApplications(ask_dispatcher)
    redelivery.runner.add_step(
        TaskKind.PURGE_CONTENT, DeleteContents(messages, named, holds, delete, receipts, now)
    )
    start = StartDeletion(
        tasks=redelivery.tasks,
        directory=directory,
        holds=holds,
        make_id=make_id,
        now=now,
        wake=redelivery.runner.wake,
    )
    return Erasure(start, BulkExpunge(references, messages, holds, delete, expunge), receipts)
