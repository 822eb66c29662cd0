"""Create the application that a message contains (Svix API, `MessageIn.application`)."""

from collections.abc import Mapping
from typing import Protocol

from angarium_contracts.configuration import ApplicationSaved, CreateApplication
from angarium_contracts.directory import ApplicationState
from angarium_contracts.queries import Problem, ProblemCode
from msgspec import UnsetType

from .change_configuration import ChangeConfiguration


class BroughtApplication(Protocol):
    """The application as described by the message."""

    @property
    def name(self) -> str: ...
    @property
    def uid(self) -> str | None: ...
    @property
    def throttle_rate(self) -> int | None: ...
    @property
    def metadata(self) -> Mapping[str, str]: ...
    @property
    def weight(self) -> int | UnsetType: ...


class CreateMissing:
    """Creates the application under the reference in the path, which must be its uid."""

    def __init__(self, change: ChangeConfiguration) -> None:
        self._change = change

    async def __call__(
        self,
        tenant_id: bytes,
        ref: str,
        brought: BroughtApplication,
        *,
        applications_max: int | None = None,
    ) -> ApplicationState | Problem:
        """The application, new or created by a concurrent request. `applications_max` is the
        quota of the tenant."""
        if brought.uid not in (None, ref):
            return Problem(
                code=ProblemCode.INVALID,
                field="application.uid",
                detail=f"`uid` must be the uid in the path, `{ref}`, or be left out.",
            )
        command = CreateApplication(
            tenant_id=tenant_id,
            name=brought.name,
            uid=ref,
            throttle_rate=brought.throttle_rate,
            metadata=dict(brought.metadata),
            get_if_exists=True,
            weight=brought.weight or 1,
            applications_max=applications_max,
        )
        saved = await self._change(command, ApplicationSaved)
        return saved if isinstance(saved, Problem) else saved.state
