"""Commands and queries that the dispatcher answers about single members of metadata, by which an
erasure finds the applications of a person."""

from .contract import Contract, Part


class ApplicationPosition(Part, frozen=True):
    """A position among a tenant's applications, which are in the order of their kind and id."""

    kind: str
    id: bytes


class FindNamedApplications(Contract, frozen=True, tag="application.find_named/1"):
    """Query: the tenant's applications, of every kind, whose metadata has this member, among the
    next `limit` (to 500) of them after a position. `application_id`: only this one. Answered by
    `NamedApplications`."""

    tenant_id: bytes
    key: str
    value: str
    application_id: bytes | None = None
    after: ApplicationPosition | None = None
    limit: int = 500


class NamedApplications(Contract, frozen=True, tag="application.named/1"):
    """Ids of applications. `looked_to`: the position up to which applications were examined; None:
    there are no more."""

    application_ids: tuple[bytes, ...]
    looked_to: ApplicationPosition | None = None


class ForgetMetadataMember(Contract, frozen=True, tag="application.forget_member/1"):
    """Remove a member from an application's metadata if it has this value. Answered by `Done`, also
    if there is no such member or application."""

    tenant_id: bytes
    application_id: bytes
    key: str
    value: str
