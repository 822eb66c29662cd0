"""Responses that lead elsewhere. Redirects are never followed."""

import re
from typing import Final
from urllib.parse import urljoin, urlsplit

from .records import AttemptRecord, Failure, Finding, answered

FAILURES: Final = (
    Failure(
        "redirect_not_followed",
        "The receiver answered with a redirect",
        "customer",
        "Register the URL that the redirect leads to, or let the receiver answer at this one.",
    ),
    Failure(
        "redirect_to_https",
        "The receiver redirects to HTTPS",
        "customer",
        "Register the https URL that the redirect leads to.",
    ),
    Failure(
        "redirect_to_sign_in",
        "The receiver redirects to a page to sign in",
        "customer",
        "Exempt the URL from the sign-in of the site: webhooks authenticate by their signature.",
    ),
    Failure(
        "redirect_without_target",
        "The receiver answered with a redirect that has no usable target",
        "customer",
        "Let the receiver answer with a 2xx status at the registered URL.",
    ),
)

_SIGN_IN = re.compile(
    r"/(?:log-?in|sign-?in|sso|auth|oauth2?|saml|users/sign_in|accounts/login)(?:[/?.]|$)",
    re.IGNORECASE,
)
_REDIRECTS = range(300, 400)


def explain_redirect(record: AttemptRecord) -> Finding | None:
    """A 3xx response; None for any other."""
    if record.status not in _REDIRECTS:
        return None
    location = record.head.first("location")
    evidence = (("URL", record.url), *answered(record, "Location"))
    target = _target(record.url, location)
    if target is None:
        cause = f"{record.host} answered {record.status} without a usable Location."
        return Finding("redirect_without_target", cause, evidence)
    evidence = (*evidence, ("Target", target))
    cause = f"{record.host} answered {record.status}, a redirect to {target[:200]}."
    if _SIGN_IN.search(urlsplit(target).path):
        return Finding("redirect_to_sign_in", cause, evidence)
    remedy = f"Register this URL instead: {target}"
    if record.url.startswith("http:") and target == f"https:{record.url[5:]}":
        return Finding("redirect_to_https", cause, evidence, remedy)
    return Finding("redirect_not_followed", cause, evidence, remedy)


def _target(url: str, location: str | None) -> str | None:
    if not location:
        return None
    try:
        target = urljoin(url, location)
        parts = urlsplit(target)
    except ValueError:
        return None
    usable = parts.scheme in {"http", "https"} and parts.hostname and target != url
    return target if usable else None
