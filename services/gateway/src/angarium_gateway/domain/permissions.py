"""Permissions: those that operations need, and the identities that have them."""

from enum import StrEnum, unique
from typing import Final


@unique
class Permission(StrEnum):
    """A permission. Every operation needs exactly one."""

    READ_TENANT = "read_tenant"
    """Read what belongs to the whole tenant, such as the list of applications."""
    READ_TASKS = "read_tasks"
    """Read background tasks: a caller that is bound to an application, those of the application."""
    MANAGE_TASKS = "manage_tasks"
    """Cancel background tasks: a caller that is bound to an application, those of the application.
    """
    IDENTIFY = "identify"
    """Ask who one is."""
    LOG_OUT = "log_out"
    """End the token that the request is made with."""
    READ_EVENT_TYPES = "read_event_types"
    """Read the event types of the tenant."""
    MANAGE_TENANT = "manage_tenant"
    """Change applications, event types and settings of the tenant; read its secrets."""
    MANAGE_KEYS = "manage_keys"
    """Create, list and revoke the tenant's API keys."""
    MANAGE_PLATFORM = "manage_platform"
    """Create, change and suspend tenants."""
    READ_PLATFORM = "read_platform"
    """Read how the processes, streams and databases of the platform are."""
    MANAGE_QUARANTINE = "manage_quarantine"
    """Read the bytes of entries in quarantine, replay them and drop them."""
    PUBLISH = "publish"
    """Post a message."""
    READ_APPLICATION = "read_application"
    """Read one application with its endpoints, messages and attempts, but no secret."""
    MANAGE_MESSAGES = "manage_messages"
    """Cancel messages, and delete their content."""
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
    """Scopes of API keys."""

    ADMIN = "admin"
    """Everything of its tenant."""
    READ = "read"
    """Read everything of its tenant, but no signing secrets and API keys."""
    PUBLISH = "publish"
    """Post messages, and nothing else."""
    APPLICATION = "application"
    """Everything below the path of one application, its background tasks, and reading event
    types."""
    PLATFORM = "platform"
    """Manage tenants and create their first keys, look at the platform and work on its quarantine,
    and nothing that belongs to a tenant."""


@unique
class Capability(StrEnum):
    """Capabilities of portal tokens, by the names of the Svix API."""

    VIEW_BASE = "ViewBase"
    VIEW_ENDPOINT_SECRET = "ViewEndpointSecret"  # noqa: S105 - no secret
    MANAGE_ENDPOINT_SECRET = "ManageEndpointSecret"  # noqa: S105 - no secret
    MANAGE_TRANSFORMATIONS = "ManageTransformations"
    CREATE_ATTEMPTS = "CreateAttempts"
    MANAGE_ENDPOINT = "ManageEndpoint"


PLATFORM_TENANT: Final = bytes(16)
"""Stands for the tenant of keys that belong to none: those of the scope `platform`."""

_READING: Final = frozenset(
    {
        Permission.IDENTIFY,
        Permission.READ_TENANT,
        Permission.READ_TASKS,
        Permission.READ_EVENT_TYPES,
        Permission.READ_APPLICATION,
        Permission.READ_HEADERS,
    }
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

OPERATING: Final = frozenset({Permission.READ_PLATFORM, Permission.MANAGE_QUARANTINE})
"""Permissions that concern the data of all tenants. Where an operator says so, because there is
one tenant only, keys of the scope `admin` have them, too."""

KEY_PERMISSIONS: Final = {
    KeyScope.ADMIN: frozenset(Permission)
    - {Permission.MANAGE_PLATFORM, Permission.LOG_OUT}
    - OPERATING,
    KeyScope.READ: _READING,
    KeyScope.PUBLISH: frozenset({Permission.IDENTIFY, Permission.PUBLISH}),
    KeyScope.APPLICATION: APPLICATION_PERMISSIONS
    | {
        Permission.IDENTIFY,
        Permission.READ_TASKS,
        Permission.MANAGE_TASKS,
        Permission.READ_EVENT_TYPES,
    },
    KeyScope.PLATFORM: frozenset({Permission.IDENTIFY, Permission.MANAGE_PLATFORM}) | OPERATING,
}
"""The permissions of each scope. Those of `application` hold for its application only."""

CAPABILITY_PERMISSIONS: Final = {
    Capability.VIEW_BASE: frozenset(
        {
            Permission.IDENTIFY,
            Permission.LOG_OUT,
            Permission.READ_APPLICATION,
            Permission.READ_EVENT_TYPES,
        }
    ),
    Capability.VIEW_ENDPOINT_SECRET: frozenset({Permission.READ_SECRETS}),
    Capability.MANAGE_ENDPOINT_SECRET: frozenset(
        {Permission.READ_SECRETS, Permission.MANAGE_SECRETS}
    ),
    # There are no transformations yet, and so no operation that needs the permission.
    Capability.MANAGE_TRANSFORMATIONS: frozenset[Permission](),
    Capability.CREATE_ATTEMPTS: frozenset({Permission.CREATE_ATTEMPTS}),
    Capability.MANAGE_ENDPOINT: frozenset(
        {
            Permission.MANAGE_ENDPOINTS,
            Permission.READ_HEADERS,
            Permission.READ_SECRETS,
            Permission.MANAGE_SECRETS,
        }
    ),
}
"""The permissions of each capability, for the application of the token only."""

VIEWING: Final = frozenset({Capability.VIEW_BASE, Capability.VIEW_ENDPOINT_SECRET})
"""Capabilities that change nothing."""


def capabilities_with(permission: Permission) -> list[Capability]:
    """The capabilities that give a permission."""
    return [one for one in Capability if permission in CAPABILITY_PERMISSIONS[one]]


def scopes_with(permission: Permission) -> list[KeyScope]:
    """The scopes that give a permission, the widest first."""
    return [scope for scope in KeyScope if permission in KEY_PERMISSIONS[scope]]
