"""From the record of an attempt to its explanation: pure, total and bounded."""

from collections.abc import Callable, Mapping
from typing import Final

from angarium_contracts.attempts import Evidence, Explanation

from . import (
    addresses,
    authentication,
    connections,
    malformed_http,
    name_resolution,
    platform,
    streams,
    time_outs,
    tls,
)
from .bot_protection import explain_bot_protection
from .catalog import FAILURES
from .cloudflare import explain_cloudflare
from .gateways import explain_gateway
from .records import CONTENT, AttemptRecord, Finding
from .redirects import explain_redirect
from .signatures import explain_signature
from .statuses import explain_status

CAUSE_CHARS_MAX: Final = 400
REMEDY_CHARS_MAX: Final = 600
EVIDENCE_MAX: Final = 12
VALUE_CHARS_MAX: Final = 500
CONTENT_CHARS_MAX: Final = 2_000
_SUCCESSES = range(200, 300)

BY_REASON: Final[Mapping[str, Callable[[AttemptRecord], Finding]]] = {
    **name_resolution.REASONS,
    **addresses.REASONS,
    **connections.REASONS,
    **tls.REASONS,
    **time_outs.REASONS,
    **malformed_http.REASONS,
    **authentication.REASONS,
    **streams.REASONS,
    **platform.REASONS,
}
"""The explanation of each stored reason."""
_BY_ANSWER: Final = (
    explain_redirect,
    explain_bot_protection,
    explain_signature,
    explain_cloudflare,
    explain_gateway,
)


def explain(record: AttemptRecord, *, with_content: bool = True) -> Explanation | None:
    """Why an attempt failed; None for one that did not. Never raises for any record.

    Without content, evidence that repeats bodies is left out.
    """
    if record.reason is not None:
        finding = BY_REASON.get(record.reason, platform.explain_unknown)(record)
    elif record.status in _SUCCESSES or not record.status:
        return None
    else:
        finding = _of_answer(record)
    failure = FAILURES[finding.code]
    return Explanation(
        code=failure.code,
        cause=_shown(finding.cause, CAUSE_CHARS_MAX),
        remedy=_shown(finding.remedy or failure.remedy, REMEDY_CHARS_MAX),
        remedy_by=failure.by,
        evidence=_evidence(finding, with_content=with_content),
    )


def _of_answer(record: AttemptRecord) -> Finding:
    for recognise in _BY_ANSWER:
        finding = recognise(record)
        if finding is not None:
            return finding
    return explain_status(record)


def _evidence(finding: Finding, *, with_content: bool) -> tuple[Evidence, ...]:
    shown = [
        Evidence(name, _shown(value, CONTENT_CHARS_MAX if name in CONTENT else VALUE_CHARS_MAX))
        for name, value in finding.evidence
        if value and (with_content or name not in CONTENT)
    ]
    return tuple(shown[:EVIDENCE_MAX])


def _shown(text: str, chars_max: int) -> str:
    """Text of others: without characters that do not print, and not too long."""
    text = text[: chars_max + 1]
    clean = "".join([each if each.isprintable() else "\ufffd" for each in text])
    return clean if len(clean) <= chars_max else f"{clean[: chars_max - 1]}…"
