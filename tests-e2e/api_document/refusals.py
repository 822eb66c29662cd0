"""Hooks of Schemathesis: what the API may refuse although its document allows it.

A schema cannot express every rule. A request that is valid by the document may be refused for
these rules alone, each by the place of its fault and the beginning of its sentence.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

import schemathesis

RULES: Final = (
    # What only the server knows.
    r"query\.iterator: (Give the iterator as an earlier|This is no iterator)",
    r"header\.if-match: This is no list of ETags",
    r"header\.idempotency-key: This key was used with another request",
    r"body\.eventTypes\.\d+: There is no event type ",
    r"(body\.uid|path\.\w+): ",
    # Members that are refused, or depend on each other.
    r"body\.(application\.)?(rateLimit|filterTypes): `\w+` and `\w+` are the same setting",
    r"body\.readOnly: A read-only token cannot have",
    r"body\.featureFlag: `featureFlag` is not one of `featureFlags`",
    r"body\.(status|statusCodeClass): A replay cannot select",
    r"query\.tag: Attempts of an endpoint cannot be filtered",
    r"body\.transformationsParams\.headers\.",
    r"body\.payloadRetention(Period|Hours): ",
    r"body\.headers: `headers` is required, unless `deleteHeaders` is given",
    r"body\.appId: (The scope `application` needs `appId`|Only keys with the scope|There is no)",
    r"body\.eventType: Event type `[^`]+` has no example",
    # JSON Schema takes 1.0 for an integer.
    r"(body|query)\.\S+: `\w+` must be (a whole number|`1`)",
    # A list in one text, and characters that no database keeps.
    r"query\.event_types: Separate event types by commas",
    r"\S+: The text contains the character U\+0000",
    # Formats, and times that depend on now.
    r"body\.(since|until|deliverAt|expiresAt): ",
    r"query\.(since|until|before|after): ",
    r"body\.(url|proxyUrl|clientCertificate|secret|key): ",
    r"body\.(authentication|caCertificates|contentType|eventSource|payloadFormat|handshake)\b",
    r"body\.(headers|deleteHeaders|metadata|name|description)\b",
    r"body\.schemas\.",
    # What a destination, a source or an integration needs depends on its type.
    r"body\.(config|type|events)\b",
    # Expressions, documents of others, and references to objects.
    r"query\.\w+: This is no (id of an endpoint|beginning of a message's id)",
    r"body\.receipt\.(requestedAt|finishedAt): ",
    r"body\.filter: ",
    r"body\.(schema|ids): ",
    r"body\.(spec|specRaw)\b",
    r"body\.appIds: None of these is an application",
    r"body\.tag: Name the person by `tag` or by `metadata`",
    r"body\.(applications|eventTypes|settings|sealing|sources|streams|operationalEndpoints)\b",
)
_RULE: Final = re.compile("|".join(f"(?:{rule})" for rule in RULES))


def faults(problem: dict[str, Any]) -> Iterator[str]:
    """The faults of a 422, as `RULES` writes them."""
    for fault in problem["detail"]:
        yield f"{'.'.join(fault['loc'])}: {fault['msg']}"


@schemathesis.check
def refused_for_a_rule(
    ctx: schemathesis.CheckContext,
    response: schemathesis.Response,
    case: schemathesis.Case[Any],
) -> None:
    """A request that is valid by the document is refused for one of `RULES` only."""
    meta = case.meta
    if response.status_code != 422 or meta is None or not meta.generation.mode.is_positive:
        return
    unknown = [fault for fault in faults(response.json()) if not _RULE.match(fault)]
    assert not unknown, f"Valid by the document, and refused for no known rule: {unknown}"
