"""Wiring of `angarium listen`."""

import sys
from collections.abc import Sequence
from typing import Final

import httpx
from angarium_signing import BOTH_PREFIXES

from angarium_cli.client.output import console_of
from angarium_cli.client.session import open_session

from .display import Display
from .forwarder import TIMEOUT_S, Form, Forwarder, as_it_is
from .identity import saved_identity
from .keys import NoKeys, terminal_keys
from .likeness import Likeness
from .listener import KEYS_HELP, Listener
from .polled_messages import PolledMessages, ReceivedMessage
from .sole_listener import sole_listener

_API_TIMEOUT_S: Final = 15.0
"""After sleep, a connection may be dead without a word. The listener itself tries again."""


def polled_messages(
    profile: str | None,
    app: str | None,
    event_types: Sequence[str],
    *,
    name: str | None = None,
    like: str | None = None,
) -> PolledMessages:
    """The messages for this machine, or for the listener with this name. Raises CommandFailed."""
    identity = saved_identity()
    return PolledMessages(
        lambda: open_session(profile, timeout_s=_API_TIMEOUT_S, tries_max=1),
        app,
        identity if name is None else identity.named(name),
        event_types,
        like,
        hold=sole_listener,
    )


def listen_until_stopped(
    messages: PolledMessages,
    url: httpx.URL,
    signature_headers: str | None,
    *,
    verify_tls: bool,
) -> None:
    """Forward messages until q or Ctrl-C. `signature_headers` is `webhook`, `svix` or `both`; by
    default, as the endpoint has it that is followed. Raises CommandFailed."""
    display = Display(console_of(sys.stdout))
    messages.begin()
    display.notice(f"Listening to {messages.application}, forwarding to {url}")
    display.notice("Its signing secret: angarium listen --print-secret")
    form, headers = _of_likeness(messages.likeness, display)
    if signature_headers is None:
        signature_headers = messages.likeness.signature_headers if messages.likeness else "webhook"
    prefixes = BOTH_PREFIXES if signature_headers == "both" else (signature_headers,)
    with (
        httpx.Client(verify=verify_tls, trust_env=False, timeout=TIMEOUT_S) as http,
        terminal_keys() as keys,
    ):
        if not isinstance(keys, NoKeys):
            display.notice(KEYS_HELP)
        signer = saved_identity().signer
        forwarder = Forwarder(http, url, signer, prefixes, form=form, headers=headers)
        try:
            Listener(messages, forwarder, keys, display).run()
        finally:
            messages.close()


def _of_likeness(likeness: Likeness | None, display: Display) -> tuple[Form, dict[str, str]]:
    """The form and the headers of an endpoint."""
    if likeness is None:
        return as_it_is, {}
    if likeness.withheld:
        names = ", ".join(likeness.withheld)
        display.notice(f"Not sent, as the API does not return their values: {names}")

    def form(message: ReceivedMessage) -> tuple[bytes, tuple[tuple[str, str], ...]]:
        own_type = None if message.content_type == "application/json" else message.content_type
        return likeness.preview.form(
            message.id, message.event_type, message.body or b"", own_type or None
        )

    return form, dict(likeness.headers)
