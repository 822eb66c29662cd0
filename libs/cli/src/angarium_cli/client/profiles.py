"""Profiles: saved URLs and API keys, and the choice of one for a command."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from angarium_cli.failure import CommandFailed, ExitStatus

from .private_file import config_folder, read_private, write_private

DEFAULT_PROFILE: Final = "default"
URL_VARIABLE: Final = "ANGARIUM_URL"
TOKEN_VARIABLE: Final = "ANGARIUM_TOKEN"  # noqa: S105 - the name of a variable
_CHARS_MAX: Final = 64


@dataclass(frozen=True, slots=True)
class Profile:
    """Access to one platform.

    `app` is the application that commands use without `--app`. `name` is None for a profile of the
    environment.
    """

    name: str | None
    url: str
    token: str = field(repr=False)
    app: str | None = None


class ProfileFile:
    """`profiles.json` in the user's configuration folder. Its methods raise CommandFailed."""

    def __init__(self, folder: Path | None = None) -> None:
        self.path = (folder or config_folder()) / "profiles.json"

    def all(self) -> list[Profile]:
        """All profiles, by name."""
        return [self._profile(name, each) for name, each in sorted(self._profiles().items())]

    def get(self, name: str) -> Profile | None:
        """The profile of this name."""
        found = self._profiles().get(name)
        return None if found is None else self._profile(name, found)

    def save(self, profile: Profile) -> None:
        """Add a profile, or replace that of the same name."""
        if profile.name is None:
            raise ValueError("a profile is saved under a name")
        saved = {"url": profile.url, "token": profile.token, "app": profile.app}
        self._write(self._profiles() | {profile.name: saved})

    def remove(self, name: str) -> bool:
        """Remove a profile; False if there is none of this name."""
        profiles = self._profiles()
        if profiles.pop(name, None) is None:
            return False
        self._write(profiles)
        return True

    def _profiles(self) -> dict[str, Any]:
        profiles = read_private(self.path).get("profiles", {})
        if not isinstance(profiles, dict):
            raise CommandFailed(f"{self.path} has no profiles; correct or delete it")
        return profiles

    def _write(self, profiles: dict[str, Any]) -> None:
        write_private(self.path, {"profiles": profiles})

    def _profile(self, name: str, saved: Any) -> Profile:
        match saved:
            case {"url": str(url), "token": str(token)}:
                app = saved.get("app")
                return Profile(name, url, token, app if isinstance(app, str) else None)
        raise CommandFailed(
            f"{self.path} has no url and token for the profile {name}; run `angarium login"
            f" --profile {name}`"
        )


def check_name(name: str) -> str:
    """Return the name of a profile. Raises CommandFailed if it may not be one."""
    if not name.isprintable() or not name.strip() or len(name) > _CHARS_MAX:
        raise CommandFailed(
            f"the name of a profile has 1 to {_CHARS_MAX} printable characters, such as `staging`"
        )
    return name


def chosen_profile(
    name: str | None, environment: Mapping[str, str], file: ProfileFile | None = None
) -> Profile:
    """The profile that a command uses: the one named, else that of ANGARIUM_URL and ANGARIUM_TOKEN,
    else `default`.

    Raises CommandFailed if there is none.
    """
    file = file or ProfileFile()
    url, token = environment.get(URL_VARIABLE), environment.get(TOKEN_VARIABLE)
    if name is None and url and token:
        return Profile(None, url, token)
    if name is None and (url or token):
        return _default_of(url, file)
    wanted = name or DEFAULT_PROFILE
    found = file.get(wanted)
    if found is None:
        option = "" if wanted == DEFAULT_PROFILE else f" --profile {wanted}"
        raise CommandFailed(
            f"there is no profile {wanted}; run `angarium login{option}`, or set {URL_VARIABLE} and"
            f" {TOKEN_VARIABLE}",
            exit_status=ExitStatus.NOT_LOGGED_IN,
        )
    return found


def _default_of(url: str | None, file: ProfileFile) -> Profile:
    """The profile `default` if it is of this URL: a saved key is sent to no other."""
    saved = file.get(DEFAULT_PROFILE)
    if url is not None and saved is not None and saved.url.rstrip("/") == url.rstrip("/"):
        return saved
    given, missing = (URL_VARIABLE, TOKEN_VARIABLE) if url else (TOKEN_VARIABLE, URL_VARIABLE)
    raise CommandFailed(
        f"{given} is set without {missing}; set both, or neither to use a profile",
        exit_status=ExitStatus.NOT_LOGGED_IN,
    )
