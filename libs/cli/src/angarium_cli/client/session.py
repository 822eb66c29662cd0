"""Session of one command with the API: profile, client, application."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

from angarium_cli.failure import CommandFailed

from .api_client import TIMEOUT_S, TRIES_MAX, ApiClient, api_client
from .profiles import Profile, chosen_profile

type Item = dict[str, Any]


class Session:
    """The API, with the access of a profile."""

    def __init__(self, profile: Profile, api: ApiClient) -> None:
        self.profile = profile
        self.api = api

    def application(self, given: str | None) -> str:
        """The application that a command names, else the profile's, else the key's own.

        Raises CommandFailed if there is none of these.
        """
        found = self.application_or_none(given)
        if found is None:
            raise CommandFailed(
                "no application is given; use --app, or save one with"
                " `angarium login --app APPLICATION`"
            )
        return found

    def application_or_none(self, given: str | None) -> str | None:
        """As `application`; None stands for all applications."""
        found = given or self.profile.app or self.api.get("/api/v1/auth/whoami")["appId"]
        return None if found is None else str(found)


@contextmanager
def open_session(
    profile: str | None, *, timeout_s: float = TIMEOUT_S, tries_max: int = TRIES_MAX
) -> Iterator[Session]:
    """The API of the profile that is chosen. Raises CommandFailed."""
    chosen = chosen_profile(profile, os.environ)
    with api_client(chosen.url, chosen.token, timeout_s=timeout_s, tries_max=tries_max) as api:
        yield Session(chosen, api)


def path_of(template: str, **parts: str) -> str:
    """A path of the API, with ids and uids written safely into it."""
    return template.format_map({name: quote(part, safe="") for name, part in parts.items()})
