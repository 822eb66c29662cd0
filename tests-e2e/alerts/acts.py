"""Which break makes which alerts fire. Every alert of deploy/prometheus is in one act."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from . import breaks
from .platform import Platform


@dataclass(frozen=True, slots=True)
class Fault:
    """One break, and the alerts that it must make fire."""

    what: str
    """The fault, for the table."""
    broken: Callable[[Platform], AbstractContextManager[None]]
    alerts: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Act:
    """Faults that last until all their alerts fire, and then end together."""

    name: str
    faults: Sequence[Fault]

    @property
    def causes(self) -> dict[str, str]:
        """The faults, by alert."""
        return {alert: fault.what for fault in self.faults for alert in fault.alerts}


ACTS = (
    Act(
        "dispatcher",
        [
            Fault(
                "The only dispatcher is stopped",
                breaks.no_dispatcher,
                [
                    "AngariumServiceDown",
                    "AngariumDirectoryStale",
                    "AngariumStreamOld",
                    "AngariumJournalBacklog",
                ],
            ),
            Fault(
                "The only dispatcher is stopped, and twice the window is posted",
                breaks.more_than_the_window,
                ["AngariumWindowFull"],
            ),
        ],
    ),
    Act(
        "lost-entries",
        [
            Fault(
                "Entries of messages are deleted from Redis before they are read",
                breaks.entries_vanish,
                ["AngariumBatchesSetAside"],
            ),
            Fault(
                "An entry that cannot be read is put on a stream",
                breaks.unreadable_entry,
                ["AngariumQuarantine"],
            ),
            Fault(
                "`maxmemory` of Redis is a tenth more than it uses",
                breaks.little_redis_memory,
                ["AngariumRedisMemory"],
            ),
            Fault(
                f"{breaks.WRONG_KEYS_CLIENTS} clients send requests with an unknown key",
                breaks.wrong_keys,
                ["AngariumFailedLogins"],
            ),
        ],
    ),
    Act(
        "slow",
        [
            Fault(
                f"Postgres answers the gateway {breaks.DATABASE_DELAY_S:g} s late, while"
                " clients list messages",
                breaks.slow_database,
                ["AngariumAcceptLatencyHigh", "AngariumDatabasePoolFull"],
            ),
            Fault(
                f"The receiver gets requests {breaks.RECEIVER_DELAY_S:g} s late",
                breaks.slow_receiver,
                ["AngariumDeliveryLatencyHigh"],
            ),
        ],
    ),
    Act(
        "no-database",
        [
            Fault(
                "The gateway does not reach Postgres",
                breaks.no_database,
                ["AngariumRequestsFailing", "AngariumNotReady", "AngariumMetricsMissing"],
            ),
        ],
    ),
    Act(
        "transactions",
        [
            Fault(
                "Open transactions hold locks on retries and scheduled messages",
                breaks.open_transactions,
                [
                    "AngariumRetriesOverdue",
                    "AngariumScheduledMessagesLate",
                    "AngariumStatisticsLag",
                ],
            ),
        ],
    ),
    Act(
        "receiver",
        [
            Fault(
                "The receiver of all endpoints refuses connections",
                breaks.no_receiver_of_many,
                ["AngariumDeliveriesFailing"],
            ),
            Fault(
                "The dispatcher gets a third of a CPU",
                breaks.throttled_dispatcher,
                ["AngariumEventLoopLag"],
            ),
        ],
    ),
)
