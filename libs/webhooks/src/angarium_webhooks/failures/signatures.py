"""Receivers that refuse the signature, as far as their answer says so."""

import re
from typing import Final

from .records import (
    BODY_CHECKED,
    BODY_SENT,
    CHECKED_BODY,
    REWRITTEN_AS,
    SENT_BODY,
    AttemptRecord,
    Failure,
    Finding,
    answered,
)

FAILURES: Final = (
    Failure(
        "signature_body_rewritten",
        "The receiver checked the signature of another body than it got",
        "customer",
        "Verify the signature over the bytes of the request as they came, before any JSON parser:"
        " a body that is parsed and written again has other bytes.",
    ),
    Failure(
        "signature_timestamp_refused",
        "The receiver refused the time of the signature",
        "customer",
        "Set the receiver's clock by NTP, and allow five minutes; verify when the request comes,"
        " not when a queue gets to it.",
    ),
    Failure(
        "signature_headers_missing",
        "The receiver did not find the signature's headers",
        "customer",
        "Read the headers that the evidence names, or choose others with the endpoint's"
        " `headerNames`; check that no proxy removes them.",
    ),
    Failure(
        "signature_refused",
        "The receiver refused the signature",
        "customer",
        "Compare the receiver's secret with the endpoint's, and verify over id, timestamp and the"
        " body's bytes.",
    ),
)

SIGNATURE_STATUSES: Final = frozenset({400, 401, 403, 406, 422, 498})
_SIGNATURE = re.compile(r"signature|\bhmac\b|webhook secret|signing secret", re.IGNORECASE)
_TIME = re.compile(
    r"timestamp[^.\n]{0,60}(?:too old|too new|toleran|expired|outside|invalid|stale)"
    r"|(?:too old|too new|expired|stale)[^.\n]{0,40}timestamp|outside of? (?:the )?tolerance",
    re.IGNORECASE,
)
_MISSING = re.compile(
    r"(?:missing|without|absent|required)[^.\n]{0,40}(?:signature|headers?)|\bno signature\b"
    r"|(?:signature|headers?)[^.\n]{0,30}(?:missing|not found|is required|absent)",
    re.IGNORECASE,
)


def says_signature(text: str) -> bool:
    """True if an answer speaks of a signature."""
    return _SIGNATURE.search(text) is not None


def explain_signature(record: AttemptRecord) -> Finding | None:
    """A response that speaks of the signature; None for any other."""
    if record.status not in SIGNATURE_STATUSES:
        return None
    facts, text = record.facts, record.text
    if SENT_BODY in facts:
        evidence = (
            (BODY_SENT, facts[SENT_BODY]),
            (BODY_CHECKED, facts.get(CHECKED_BODY)),
            ("Written again as", facts.get(REWRITTEN_AS)),
            *answered(record),
        )
        cause = f"{record.host} checked the signature of a body that it parsed and wrote again."
        return Finding("signature_body_rewritten", cause, evidence)
    named = ", ".join([name for name, _ in record.head.headers if "signature" in name.lower()])
    evidence = (*answered(record), ("Response headers about it", named or None))
    if _TIME.search(text):
        cause = f"{record.host} refused the timestamp of the signature."
        return Finding("signature_timestamp_refused", cause, evidence)
    if not says_signature(text) and not named:
        return None
    if _MISSING.search(text):
        cause = f"{record.host} did not find the headers of the signature."
        return Finding("signature_headers_missing", cause, evidence)
    return Finding("signature_refused", f"{record.host} refused the signature.", evidence)
