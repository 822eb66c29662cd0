"""Spans of the dispatch of traced messages."""

from collections.abc import Sequence
from typing import Final

from angarium_chassis.tracing.spans import Kind, Spans
from angarium_chassis.tracing.trace_text import is_recorded

from .dispatch_messages import MatchedBatch

DISPATCH: Final = "dispatch"


def record_dispatch(spans: Spans, matched: Sequence[MatchedBatch], began_ns: int) -> None:
    """Record the dispatch, from `began_ns` until now, of each traced message of these batches."""
    ended_ns = spans.now_ns()
    for each in matched:
        batch = each.batch
        for message, endpoints in zip(batch.messages, each.endpoints, strict=True):
            if is_recorded(message.trace):
                attributes = {
                    "messaging.batch.message_count": len(batch.messages),
                    "angarium.deliveries": len(endpoints),
                    "angarium.publication": batch.publication,
                }
                spans.record(DISPATCH, Kind.CONSUMER, message, began_ns, ended_ns, attributes)
