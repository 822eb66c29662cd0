"""Port to integrations: the API keys of one application, under the names of third parties."""

from dataclasses import dataclass
from typing import Protocol

from angarium_gateway.application.read.id_window import IdPage, IdWindow

from .api_keys import ApiKey, CreatedKey


@dataclass(frozen=True, slots=True)
class ChangedKey:
    """A key before and after a change."""

    before: ApiKey
    after: ApiKey


class Integrations(Protocol):
    """The keys of the scope `application` that are valid. Revoked and expired ones do not exist
    here. Every method raises `JournalUnavailable`."""

    async def get(self, tenant_id: bytes, application_id: bytes, key_id: bytes) -> ApiKey | None:
        """The application's key with this id."""
        ...

    async def page(
        self, tenant_id: bytes, application_id: bytes, window: IdWindow
    ) -> IdPage[ApiKey]:
        """A page of the application's keys."""
        ...

    async def change(
        self,
        tenant_id: bytes,
        application_id: bytes,
        key_id: bytes,
        *,
        name: str,
        feature_flags: tuple[str, ...],
    ) -> ChangedKey | None:
        """Replace the name and the flags of a key; None if there is none."""
        ...

    async def rotate(
        self, tenant_id: bytes, application_id: bytes, key_id: bytes
    ) -> CreatedKey | None:
        """Give a key another token. The token before is refused from then on. None if there is no
        such key."""
        ...
