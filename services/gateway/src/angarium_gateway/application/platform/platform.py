"""The platform as operators see it, built over its ports."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from angarium_gateway.application.service_query import ServiceQuery

from .backlog_series import BacklogSeries, ReadBacklog, SampleBacklog
from .examine_platform import ExaminePlatform, OwnExamination, StreamsExamination
from .platform_state import BacklogView, ReadPlatform, StreamsView
from .quarantine import QuarantineWork


class StreamsPort(StreamsView, StreamsExamination, Protocol):
    """What Redis shows, and its examination."""


class JournalPort(BacklogView, OwnExamination, Protocol):
    """What the gateway's database shows, and its examination."""


@dataclass(frozen=True, slots=True)
class PlatformPorts:
    """The ports of the operations of the platform."""

    streams: StreamsPort
    journal: JournalPort
    quarantine: QuarantineWork
    backlog: BacklogSeries


@dataclass(frozen=True, slots=True)
class Platform:
    """The use cases of the operations of the platform."""

    read: ReadPlatform
    read_backlog: ReadBacklog
    sample_backlog: SampleBacklog
    examine: ExaminePlatform
    quarantine: QuarantineWork


def build_platform(
    ports: PlatformPorts,
    ask_dispatcher: ServiceQuery,
    ask_worker: ServiceQuery,
    now: Callable[[], datetime],
) -> Platform:
    """Build the use cases."""
    return Platform(
        read=ReadPlatform(ports.streams, ports.journal),
        read_backlog=ReadBacklog(ports.backlog, now),
        sample_backlog=SampleBacklog(ports.journal, ports.backlog, now),
        examine=ExaminePlatform(ports.journal, ports.streams, ask_dispatcher, ask_worker, now),
        quarantine=ports.quarantine,
    )
