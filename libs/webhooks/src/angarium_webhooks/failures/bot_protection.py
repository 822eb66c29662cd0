"""Pages of bot protection and firewalls, which answer in place of the receiver."""

from typing import Final, NamedTuple

from .records import AttemptRecord, Failure, Finding, answered

FAILURES: Final = (
    Failure(
        "bot_protection",
        "Bot protection stopped the request",
        "customer",
        "Exempt the webhook's path, or the addresses that Angarium sends from, from the bot"
        " protection: no program can pass its challenge.",
    ),
    Failure(
        "web_firewall_blocked",
        "A web application firewall blocked the request",
        "customer",
        "Look for the request in the firewall's log, and exempt the webhook's path from the rule"
        " that blocked it.",
    ),
    Failure(
        "csrf_check_failed",
        "The receiver's CSRF check refused the request",
        "customer",
        "Exempt the webhook's handler from the CSRF check: it protects browsers, and webhooks"
        " authenticate by their signature.",
    ),
)

_STATUSES = frozenset({401, 403, 406, 409, 419, 422, 429, 503})


class _Known(NamedTuple):
    """A protection: a header of its own answers, if it has one, with a part of its value, and words
    of its pages. One of them is enough."""

    name: str
    words: tuple[str, ...]
    header: str | None = None
    part: str = ""

    def answered(self, record: AttemptRecord, text: str) -> bool:
        value = None if self.header is None else record.head.first(self.header)
        if value is not None and self.part in value.lower():
            return True
        return any(word in text for word in self.words)


_CHALLENGES: Final = (
    _Known(
        "Cloudflare",
        ("just a moment...", "cf-challenge", "/cdn-cgi/challenge-platform/"),
        "cf-mitigated",
        "challenge",
    ),
    _Known("AWS WAF", ("awswafintegration",), "x-amzn-waf-action"),
    _Known("DataDome", ("captcha-delivery.com",)),
    _Known("HUMAN", ("px-captcha", "perimeterx")),
    _Known("Vercel", ("vercel security checkpoint",), "x-vercel-mitigated"),
)
_FIREWALLS: Final = (
    _Known(
        "Cloudflare",
        ("attention required! | cloudflare", "error code: 1020"),
        "cf-mitigated",
        "block",
    ),
    _Known("Imperva", ("incapsula incident id", "_incapsula_resource")),
    _Known("Akamai", ("errors.edgesuite.net",), "server", "akamaighost"),
    _Known("Sucuri", ("sucuri website firewall",), "x-sucuri-block"),
    _Known("ModSecurity", ("mod_security", "modsecurity")),
    _Known("F5", ("the requested url was rejected. please consult",)),
)
_CSRF: Final = (
    "csrf verification failed",
    "csrf token",
    "csrf-token",
    "invalidauthenticitytoken",
    "page expired",
)


def explain_bot_protection(record: AttemptRecord) -> Finding | None:
    """A response that is not the receiver's own; None if nothing tells so."""
    if record.status not in _STATUSES:
        return None
    text = record.text.lower()
    for known, code, cause in (
        (_CHALLENGES, "bot_protection", "{} asked for a challenge that only a browser can pass."),
        (_FIREWALLS, "web_firewall_blocked", "A firewall of {} blocked the request."),
    ):
        for each in known:
            if each.answered(record, text):
                headers = ("Server", "CF-Ray", *([each.header] if each.header else []))
                evidence = (("Recognised", each.name), *answered(record, *headers))
                return Finding(code, cause.format(each.name), evidence)
    if any(word in text for word in _CSRF):
        cause = f"The CSRF check of {record.host} refused the request."
        return Finding("csrf_check_failed", cause, answered(record, "Server"))
    return None
