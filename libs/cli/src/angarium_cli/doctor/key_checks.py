"""Judges the fallback keys: which of them the databases still need."""

from collections.abc import Mapping, Sequence
from typing import Final

from angarium_chassis.encryption_keys import FALLBACKS_VARIABLE
from angarium_chassis.examination.findings import Finding, ok, warning
from angarium_chassis.sealing import Seal

SUBJECT: Final = "encryption keys"


def judge_fallbacks(seal: Seal, needed: Mapping[str, Sequence[str]]) -> list[Finding]:
    """Judge the fallbacks of `seal`. `needed` are the ids of the keys that each service's database
    needs."""
    findings: list[Finding] = []
    for key_id in seal.key_ids[1:]:
        services = [service for service, keys in needed.items() if key_id in keys]
        if not services:
            findings.append(
                ok(
                    SUBJECT,
                    f"No database needs the fallback {key_id}. Unless it is the next key, it can be"
                    f" removed from {FALLBACKS_VARIABLE}.",
                )
            )
        elif any(seal.key_id in keys for keys in needed.values()):
            findings.append(
                warning(
                    SUBJECT,
                    f"The fallback {key_id} is still needed by: {', '.join(services)}.",
                    "Once every process has the new ANGARIUM_ENCRYPTION_KEY, run"
                    " `angarium encryption rotate`.",
                )
            )
        else:
            findings.append(
                warning(
                    SUBJECT,
                    f"The databases need the fallback {key_id}, and not the current key"
                    f" {seal.key_id} yet.",
                    "Restart the services with the new ANGARIUM_ENCRYPTION_KEY.",
                )
            )
    return findings
