"""How long payloads are kept, where a tenant has chosen it for an application or an event type."""

from collections.abc import Mapping, Sequence
from typing import Final, Protocol

RULES_MAX: Final = 1_000
"""Of one tenant and kind."""


class TooManyRules(Exception):
    """The tenant has `RULES_MAX` rules for applications, or for event types."""


class PayloadRetentions(Protocol):
    """The chosen hours. Every method raises `JournalUnavailable`."""

    async def of_applications(self, tenant_id: bytes, ids: Sequence[bytes]) -> Mapping[bytes, int]:
        """Those of the tenant's applications that have some."""
        ...

    async def of_event_types(self, tenant_id: bytes, names: Sequence[str]) -> Mapping[str, int]:
        """Those of event types that have some."""
        ...

    async def set_of_application(
        self, tenant_id: bytes, application_id: bytes, hours: int | None
    ) -> None:
        """Replace those of an application; None: its payloads are kept as long as its messages.
        Raises `TooManyRules`."""
        ...

    async def set_of_event_type(self, tenant_id: bytes, name: str, hours: int | None) -> None:
        """As `set_of_application`, of an event type."""
        ...
