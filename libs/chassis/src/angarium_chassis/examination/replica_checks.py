"""Checks of the replica that a service reads lists from."""

from angarium_chassis.database.engine import Database
from angarium_chassis.database.list_reads import attach_replica, why_not_used
from angarium_chassis.process import StartRefused

from .findings import Finding, ok, problem, warning


async def check_replica(service: str, primary: Database, replica_url: str) -> list[Finding]:
    """Check that lists of the service can be read from its replica now: it answers, is in recovery,
    is a copy of `primary`, whose schema it then has, and has replayed what is committed.

    Raises the errors in `CONNECTION_ERRORS` of the primary.
    """
    subject, variable = f"{service} replica", f"ANGARIUM_{service.upper()}_REPLICA_URL"
    try:
        both = attach_replica(primary, replica_url, connections_max=1)
    except StartRefused as refusal:
        return [problem(subject, f"{refusal}.", f"Correct or unset {variable}.")]
    try:
        reason = await why_not_used(both)
    finally:
        if both.replica is not None:
            await both.replica.close()
    if reason is None:
        return [ok(subject, "It has everything that is committed.")]
    return [
        warning(
            subject,
            f"Lists are read from the primary: {reason}.",
            f"Check that {variable} leads to a running streaming replica of the {service}'s"
            " database, or unset it.",
        )
    ]
