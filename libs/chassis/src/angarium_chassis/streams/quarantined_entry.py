"""An entry in quarantine, as it is listed and replayed."""

import re
from dataclasses import dataclass, field

NOT_A_CONTRACT = "not an entry of ours"
"""Reason for entries that another program added."""
_FAILED = re.compile(r"failed (\d+) times")


@dataclass(frozen=True, slots=True)
class QuarantinedEntry:
    """An entry in the quarantine.

    `id` is its id there, `entry_id` its former id in `stream`. `body` is the encoded contract, or
    the entry's fields as a msgpack map if `is_contract` is false.
    """

    service: str
    id: str
    stream: str
    entry_id: str
    reason: str
    body: bytes = field(repr=False)

    @property
    def quarantined_at_ms(self) -> int:
        """The time when it was quarantined: Unix time by the clock of Redis."""
        return int(self.id.partition("-")[0])

    @property
    def tries(self) -> int:
        """The number of times that the service tried to handle it; 1 for an unreadable entry."""
        failed = _FAILED.match(self.reason)
        return int(failed[1]) if failed else 1

    @property
    def is_contract(self) -> bool:
        """False for an entry that another program added."""
        return self.reason != NOT_A_CONTRACT
