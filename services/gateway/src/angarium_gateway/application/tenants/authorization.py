"""Authorization: whether a caller may carry out an operation.

This is the only place that decides it. A caller that is bound to one application gets the same
answer for another application as for one that does not exist.
"""

from dataclasses import dataclass
from typing import Final

from angarium_contracts.ids import UID_PATTERN
from angarium_contracts.queries import Problem, ProblemCode

from angarium_gateway.application.configuration.application_directory import ApplicationDirectory
from angarium_gateway.domain.permissions import Permission, capabilities_with, scopes_with

from .authentication import Caller
from .portal_tokens import PortalGrant

_ABSENT: Final = Problem(
    code=ProblemCode.NOT_FOUND, detail="There is no such application. Check its id or uid."
)
_NO_STREAM: Final = Problem(
    code=ProblemCode.NOT_FOUND, detail="There is no such stream. Check its id or uid."
)


@dataclass(frozen=True, slots=True)
class Forbidden:
    """The caller may not do this. `detail` is a sentence that names what it lacks."""

    detail: str


class Authorizer:
    """Decides by the permissions of a caller's scope, and by its application."""

    def __init__(self, directory: ApplicationDirectory) -> None:
        self._directory = directory

    async def __call__(
        self,
        caller: Caller,
        needed: Permission,
        application_ref: str | None,
        *,
        is_stream: bool = False,
    ) -> Forbidden | Problem | None:
        """None if the caller may do what needs `needed`, on the application, or with `is_stream`
        the stream, that the path names, if it names one. Raises `JournalUnavailable`."""
        if caller.suspended:
            return Forbidden(
                "The tenant that this request belongs to is suspended. Ask the operator of this"
                " server to resume it."
            )
        if needed not in caller.permissions:
            return Forbidden(_lacking(caller, needed))
        if caller.application_id is None or application_ref is None:
            return None
        return await self._foreign(caller, caller.application_id, application_ref, is_stream)

    async def _foreign(
        self, caller: Caller, application_id: bytes, application_ref: str, is_stream: bool
    ) -> Problem | None:
        absent = _NO_STREAM if is_stream else _ABSENT
        if UID_PATTERN.fullmatch(application_ref) is None:
            return absent
        find = self._directory.find_stream if is_stream else self._directory.find
        found = await find(caller.tenant_id, application_ref)
        if isinstance(found, Problem) and found.code is not ProblemCode.NOT_FOUND:
            return found
        if isinstance(found, Problem) or found.id != application_id:
            return absent
        return None


def _lacking(caller: Caller, needed: Permission) -> str:
    scopes = " or ".join(f"`{scope}`" for scope in scopes_with(needed))
    capabilities = " or ".join(f"`{one}`" for one in capabilities_with(needed))
    if isinstance(caller.grant, PortalGrant) and capabilities:
        return (
            "This portal token does not allow this operation. Use one with the capability"
            f" {capabilities}."
        )
    if isinstance(caller.grant, PortalGrant):
        return f"Portal tokens do not allow this operation. Use an API key with the scope {scopes}."
    if not scopes:
        return (
            "This API key does not allow this operation: it is for portal tokens, and for keys that"
            " were made by signing in to the console. Revoke the key instead."
        )
    return (
        f"This API key has the scope `{caller.grant}`, which does not allow this operation. Use a"
        f" key with the scope {scopes}."
    )
