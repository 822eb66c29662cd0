"""Identity of the listener on this machine, and the secret that signs its deliveries."""

import re
import secrets
import socket
from base64 import b64encode
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from angarium_signing import MalformedSecret, SigningSecret

from angarium_cli.client.private_file import config_folder, create_private, read_private
from angarium_cli.failure import CommandFailed

_SECRET_BYTES: Final = 32
_ID_BYTES: Final = 6
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class Identity:
    """Stays the same until its file is deleted. `uid` is that of the listener's endpoints, and
    ends in `name` if the listener has one: each name has a position of its own."""

    uid: str
    secret: str = field(repr=False)
    name: str = ""

    @property
    def signer(self) -> SigningSecret:
        """The secret as a signer."""
        return SigningSecret.parse(self.secret)

    @property
    def description(self) -> str:
        """The description of the listener's endpoints, for those who see them in a list."""
        named = f" as {self.name}" if self.name else ""
        return f"angarium listen on {socket.gethostname()}{named}"

    def named(self, name: str) -> "Identity":
        """The identity of a listener with a name. Raises CommandFailed."""
        if _NAME.fullmatch(name) is None:
            raise CommandFailed("a name has 1 to 64 letters (A to Z, a to z), digits, `-` or `_`")
        return replace(self, uid=f"{self.uid}-{name}", name=name)


def saved_identity(folder: Path | None = None) -> Identity:
    """The identity of this user and machine, made when first asked for. Raises CommandFailed."""
    path = (folder or config_folder()) / "listen.json"
    saved = read_private(path)
    if not saved:
        key = b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()
        saved = {"uid": f"listen-{secrets.token_hex(_ID_BYTES)}", "secret": f"whsec_{key}"}
        if not create_private(path, saved):
            saved = read_private(path)
    match saved:
        case {"uid": str(uid), "secret": str(secret)}:
            identity = Identity(uid, secret)
            try:
                _ = identity.signer
            except MalformedSecret:
                raise CommandFailed(f"the secret in {path} is none; delete the file") from None
            return identity
    raise CommandFailed(f"{path} has no uid and secret; delete it")
