"""What identities may do: the permissions that operations need, and who has them."""

from enum import StrEnum, unique
from typing import Final


@unique
class Permission(StrEnum):
    """What an operation needs. Every operation needs exactly one."""

    READ_TENANT = "read_tenant"
    """Read what belongs to the whole tenant, such as the list of applications."""
    MANAGE_TENANT = "manage_tenant"
    """Change applications, event types and settings of the tenant; read its secrets."""
    MANAGE_KEYS = "manage_keys"
    """Create, list and revoke the tenant's API keys."""
    MANAGE_PLATFORM = "manage_platform"
    """Create, change and suspend tenants."""
    PUBLISH = "publish"
    """Post a message."""
    READ_APPLICATION = "read_application"
    """Read one application with its endpoints, messages and attempts, but no secret."""
    MANAGE_MESSAGES = "manage_messages"
    """Cancel messages."""
    READ_HEADERS = "read_headers"
    """Read an endpoint's custom headers."""
    READ_SECRETS = "read_secrets"
    """Read an endpoint's signing secret."""
    MANAGE_SECRETS = "manage_secrets"
    """Rotate an endpoint's signing secret."""
    MANAGE_ENDPOINTS = "manage_endpoints"
    """Create, change and delete endpoints, and cancel what is pending for them."""
    CREATE_ATTEMPTS = "create_attempts"
    """Resend, recover and replay messages, and send examples."""


@unique
class KeyScope(StrEnum):
    """What an API key may do."""

    ADMIN = "admin"
    """Everything of its tenant."""
    READ = "read"
    """Read everything of its tenant, but no signing secrets and API keys."""
    PUBLISH = "publish"
    """Post messages, and nothing else."""
    APPLICATION = "application"
    """Everything below the path of one application."""
    PLATFORM = "platform"
    """Manage tenants and create their first keys, and nothing that belongs to a tenant."""


PLATFORM_TENANT: Final = bytes(16)
"""Stands for the tenant of keys that belong to none: those of the scope `platform`."""

_READING: Final = frozenset(
    {Permission.READ_TENANT, Permission.READ_APPLICATION, Permission.READ_HEADERS}
)
APPLICATION_PERMISSIONS: Final = frozenset(
    {
        Permission.PUBLISH,
        Permission.READ_APPLICATION,
        Permission.MANAGE_MESSAGES,
        Permission.READ_HEADERS,
        Permission.READ_SECRETS,
        Permission.MANAGE_SECRETS,
        Permission.MANAGE_ENDPOINTS,
        Permission.CREATE_ATTEMPTS,
    }
)
"""Those of operations below the path of an application."""

KEY_PERMISSIONS: Final = {
    KeyScope.ADMIN: frozenset(Permission) - {Permission.MANAGE_PLATFORM},
    KeyScope.READ: _READING,
    KeyScope.PUBLISH: frozenset({Permission.PUBLISH}),
    KeyScope.APPLICATION: APPLICATION_PERMISSIONS,
    KeyScope.PLATFORM: frozenset({Permission.MANAGE_PLATFORM}),
}
"""The permissions of each scope. Those of `application` hold for its application only."""


def scopes_with(permission: Permission) -> list[KeyScope]:
    """The scopes that give a permission, the widest first."""
    return [scope for scope in KeyScope if permission in KEY_PERMISSIONS[scope]]
