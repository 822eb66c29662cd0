"""What a webhook tells of itself: the type of its event, its id, and challenges. Pure functions."""

import hmac
import re
from collections.abc import Mapping
from typing import Any, Final, assert_never

import msgspec

from .source_types import Challenge, SourceRules, SourceType
from .verification import ReceivedWebhook, SourceConfig

EVENT_CHARS_MAX: Final = 200
ID_CHARS_MAX: Final = 200
ECHO_CHARS_MAX: Final = 512
"""The longest text of a sender that is returned to it."""

_OTHER: Final = re.compile(r"[^a-zA-Z0-9\-_.]+")
_ID: Final = re.compile(r"[a-zA-Z0-9\-_.]+")
_ECHOED: Final = re.compile(r"[!-~]+")


def members_of(body: bytes) -> Mapping[str, Any]:
    """The members of a JSON object; none for anything else."""
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def event_type_of(
    kind: SourceType, rules: SourceRules, webhook: ReceivedWebhook, members: Mapping[str, Any]
) -> str:
    """The event type of the message: the type of the source and, where the sender names it, the
    event, such as `github.push`."""
    named = _text(rules.event_header, rules.event_path, webhook, members)
    event = "" if named is None else _OTHER.sub(".", named)[:EVENT_CHARS_MAX].strip(".")
    return f"{kind}.{event}" if event else str(kind)


def event_id_of(
    kind: SourceType, rules: SourceRules, webhook: ReceivedWebhook, members: Mapping[str, Any]
) -> str | None:
    """The sender's id of the event, the same in each of its attempts; None if it gives none that
    can be an eventId."""
    header = rules.id_header
    if header == "webhook-id" and header not in webhook.headers:
        header = "svix-id"
    named = _text(header, rules.id_path, webhook, members)
    if named is None or len(named) > ID_CHARS_MAX or _ID.fullmatch(named) is None:
        return None
    return f"{kind}.{named}"


def answer_to_challenge(
    challenge: Challenge | None, config: SourceConfig, members: Mapping[str, Any]
) -> dict[str, str] | None:
    """The answer to a verified webhook that is a challenge; None if it is none."""
    match challenge:
        case Challenge.SLACK:
            if members.get("type") != "url_verification":
                return None
            text = _echoed(members.get("challenge"))
            return None if text is None else {"challenge": text}
        case Challenge.ZOOM:
            if members.get("event") != "endpoint.url_validation":
                return None
            text = _echoed(_at(members, ("payload", "plainToken")))
            if text is None:
                return None
            signed = hmac.digest((config.secret or "").encode(), text.encode(), "sha256").hex()
            return {"plainToken": text, "encryptedToken": signed}
        case Challenge.META | None:
            return None
        case _:
            assert_never(challenge)


def answer_to_subscription(config: SourceConfig, query: Mapping[str, str]) -> str | None:
    """The answer to a GET that asks as Meta does; None if it is not to be answered."""
    token = query.get("hub.verify_token", "")
    if query.get("hub.mode") != "subscribe" or config.verify_token is None:
        return None
    if not hmac.compare_digest(token.encode(), config.verify_token.encode()):
        return None
    return _echoed(query.get("hub.challenge"))


def _text(
    header: str | None,
    path: tuple[str, ...],
    webhook: ReceivedWebhook,
    members: Mapping[str, Any],
) -> str | None:
    value = webhook.headers.get(header) if header is not None else _at(members, path)
    return value if isinstance(value, str) and value else None


def _at(members: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    value: Any = members if path else None
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _echoed(value: Any) -> str | None:
    """A text that may be returned: printable ASCII without spaces, and short."""
    if not isinstance(value, str) or not 0 < len(value) <= ECHO_CHARS_MAX:
        return None
    return value if _ECHOED.fullmatch(value) else None
