"""Wiring of `angarium listen`."""

import sys
from collections.abc import Sequence
from typing import Final

import httpx

from angarium_cli.client.output import console_of
from angarium_cli.client.session import open_session

from .display import Display
from .forwarder import TIMEOUT_S, Forwarder
from .identity import saved_identity
from .keys import NoKeys, terminal_keys
from .listener import KEYS_HELP, Listener
from .polled_messages import PolledMessages

_API_TIMEOUT_S: Final = 15.0
"""After sleep, a connection may be dead without a word. The listener itself tries again."""


def polled_messages(
    profile: str | None, app: str | None, event_types: Sequence[str]
) -> PolledMessages:
    """The messages for this machine."""
    return PolledMessages(
        lambda: open_session(profile, timeout_s=_API_TIMEOUT_S, tries_max=1),
        app,
        saved_identity(),
        event_types,
    )


def listen_until_stopped(
    messages: PolledMessages,
    url: httpx.URL,
    header_prefixes: Sequence[str],
    *,
    verify_tls: bool,
) -> None:
    """Forward messages until q or Ctrl-C. Raises CommandFailed."""
    display = Display(console_of(sys.stdout))
    messages.begin()
    display.notice(f"Listening to {messages.application}, forwarding to {url}")
    display.notice("Its signing secret: angarium listen --print-secret")
    with (
        httpx.Client(verify=verify_tls, trust_env=False, timeout=TIMEOUT_S) as http,
        terminal_keys() as keys,
    ):
        if not isinstance(keys, NoKeys):
            display.notice(KEYS_HELP)
        forwarder = Forwarder(http, url, saved_identity().signer, header_prefixes)
        try:
            Listener(messages, forwarder, keys, display).run()
        finally:
            messages.close()
