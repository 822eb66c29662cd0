"""The scope of whoever signs in with OpenID Connect, by the roles that the provider names."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from .permissions import KeyScope

SCOPES: Final = (KeyScope.ADMIN, KeyScope.READ, KeyScope.PLATFORM)

type RoleScopes = Sequence[tuple[str, KeyScope]]
"""Roles with their scopes; of several that a person has, the first counts."""


def parse_role_scopes(text: str) -> RoleScopes:
    """Read `role=scope,role=scope`. Raises ValueError with the correction."""
    found: list[tuple[str, KeyScope]] = []
    for part in text.split(","):
        if not part.strip():
            continue
        role, equals, scope = (each.strip() for each in part.rpartition("="))
        if not equals or not role or scope not in SCOPES:
            scopes = ", ".join(SCOPES)
            raise ValueError(f"{part.strip()!r} is not <role>=<scope> with one of {scopes}")
        found.append((role, KeyScope(scope)))
    return tuple(found)


def roles_in(claims: Mapping[str, Any], path: str) -> frozenset[str] | None:
    """The roles in the claim at `path`, such as `groups` or `realm_access.roles`: a list, or a text
    of words. None: there is no such claim."""
    value: Any = claims
    if path in claims:
        value = claims[path]
    else:
        for name in path.split("."):
            if not isinstance(value, Mapping) or name not in value:
                return None
            value = value[name]
    if isinstance(value, str):
        return frozenset(value.replace(",", " ").split())
    if isinstance(value, Sequence):
        return frozenset(each for each in value if isinstance(each, str))
    return frozenset()


def scope_of(roles: frozenset[str], mapping: RoleScopes) -> KeyScope | None:
    """The scope of the first role of the mapping that the person has; None without any."""
    return next((scope for role, scope in mapping if role in roles), None)
