"""Roles at an identity provider, and the scopes that they give."""

from typing import Any

import pytest
from angarium_gateway.domain.permissions import KeyScope
from angarium_gateway.domain.role_scopes import parse_role_scopes, roles_in, scope_of


def test_roles_are_read_with_their_scopes_in_order() -> None:
    assert parse_role_scopes(" ops = platform, a=b=admin ,,support=read") == (
        ("ops", KeyScope.PLATFORM),
        ("a=b", KeyScope.ADMIN),
        ("support", KeyScope.READ),
    )
    assert parse_role_scopes("") == ()


@pytest.mark.parametrize("text", ["ops", "ops=", "=admin", "ops=root", "ops=publish", "a=read;b"])
def test_what_is_no_mapping_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="one of admin, read, platform"):
        parse_role_scopes(text)


@pytest.mark.parametrize(
    ("claims", "path", "roles"),
    [
        ({"groups": ["a", "b", 5]}, "groups", {"a", "b"}),
        ({"groups": "a b,c"}, "groups", {"a", "b", "c"}),
        ({"realm_access": {"roles": ["a"]}}, "realm_access.roles", {"a"}),
        ({"https://example.com/roles": ["a"]}, "https://example.com/roles", {"a"}),
        ({"groups": 5}, "groups", set()),
        ({"groups": []}, "groups", set()),
        ({}, "groups", None),
        ({"realm_access": 5}, "realm_access.roles", None),
    ],
)
def test_roles_are_found_in_claims(
    claims: dict[str, Any], path: str, roles: set[str] | None
) -> None:
    assert roles_in(claims, path) == roles


def test_the_first_role_of_the_mapping_counts() -> None:
    mapping = parse_role_scopes("ops=platform,support=read")
    assert scope_of(frozenset({"support", "ops"}), mapping) is KeyScope.PLATFORM
    assert scope_of(frozenset({"support"}), mapping) is KeyScope.READ
    assert scope_of(frozenset({"guest"}), mapping) is None
    assert scope_of(frozenset(), mapping) is None
