"""Names of the streams and consumer groups.

The braces of a numbered stream are a cluster hash tag: everything of one number may lie on
one node. An application always takes the same number.
"""

from typing import Final

DISPATCHERS: Final = "dispatchers"
"""Consumer group of all dispatcher replicas."""

WORKERS: Final = "workers"
"""Consumer group of all worker replicas."""

GATEWAYS: Final = "gateways"
"""Consumer group of all gateway replicas."""

DIRECTORY_CHANGED: Final = "directory.changed"
DISPATCHER_QUERIES: Final = "dispatcher.queries"
WORKER_QUERIES: Final = "worker.queries"
GATEWAY_QUERIES: Final = "gateway.queries"
EPOCH_KEY: Final = "angarium.epoch"
"""Lives as long as the streams do: without it, Redis has lost them."""


def epoch_of(part: str) -> str:
    """As `EPOCH_KEY`, in a cluster: with the streams of a number, or with the stream `part`."""
    return f"{EPOCH_KEY}:{{{part}}}"


def messages_accepted(number: int) -> str:
    """Gateway to dispatcher: committed messages, a batch an entry."""
    return f"messages.accepted:{{{number}}}"


def deliveries_requested(number: int) -> str:
    """Dispatcher to worker: what to send, a chunk an entry."""
    return f"deliveries.requested:{{{number}}}"


def deliveries_settled(replica: str) -> str:
    """Worker and dispatcher to the one gateway process that has the batch open."""
    return f"deliveries.settled:{replica}"


def replies(replica: str) -> str:
    """Answers to the queries of one gateway (or worker) process."""
    return f"replies:{replica}"


def quarantine(service: str) -> str:
    """Entries that a service could not handle, with the reason and the bytes."""
    return f"quarantine:{service}"


PROCESSES: Final = "angarium.processes"
"""Hash of the processes that run, by service and replica."""
PROCESSES_SEEN: Final = "angarium.processes.seen"
"""Sorted set of the fields of `PROCESSES`, by the time of their last heartbeat."""


STREAM_NUMBERS: Final = "angarium.stream_numbers"
"""Sorted set of the stream numbers that gateways publish to, by the time of their last
announcement."""


def readers(stream: str, group: str) -> str:
    """Sorted set of the consumers that read a stream now, by the time of their last heartbeat."""
    return f"readers:{stream}:{group}"


def stream_number(application_id: bytes, count: int) -> int:
    """The number that all streams of an application take."""
    return int.from_bytes(application_id[-4:]) % count


def reporter(subject: str) -> str:
    """The process that reports a figure of the whole platform as a metric."""
    return f"angarium.reporter:{subject}"
