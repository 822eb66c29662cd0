"""The document that the reader of another platform builds."""

import json
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from angarium_chassis.passphrase_seal import PassphraseSeal, new_salt

type Document = dict[str, Any]

_NAME: Final = re.compile(r"(?![.]+$)[a-zA-Z0-9\-_.]{1,256}$")
_NOT_IN_NAMES: Final = re.compile(r"[^a-zA-Z0-9\-_.]")
_ID: Final = re.compile(r"(app|ep)_[a-zA-Z0-9]{1,50}$")
_SECRET: Final = re.compile(r"(whsec_)?[a-zA-Z0-9+/=]{32,100}$")
_HEADERS_NOT_KEPT: Final = ("content-", "webhook-", "svix-")


def name_of(text: str) -> str:
    """A uid or the name of an event type: `text`, if Angarium can use it."""
    return text if _NAME.match(text) else _NOT_IN_NAMES.sub("-", text)[:256].strip(".") or "-"


@dataclass
class PeerDocument:
    """A document with a passphrase of its own, and what could not be taken over.

    The secrets in it are encrypted, so that no file and no log of a proxy has them in clear text.
    """

    passphrase: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    event_types: list[Document] = field(default_factory=list)
    applications: dict[str, Document] = field(default_factory=dict)
    not_taken: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._salt = new_salt()
        self._seal = PassphraseSeal(self.passphrase, self._salt)

    def add_application(
        self, uid: str, name: str, metadata: Mapping[str, str] | None = None, **more: Any
    ) -> Document:
        """Add an application, or return the one of this uid."""
        identity = _identity(uid)
        new = {"name": name or uid, "metadata": dict(metadata or {}), "endpoints": []}
        return self.applications.setdefault(uid, identity | new | more)

    def add_endpoint(
        self,
        application: Document,
        uid: str,
        endpoint: Document,
        *,
        secret: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Add an endpoint. A secret that Angarium cannot use is named in `not_taken`."""
        # The encrypted texts are tied to the id: any will do, for it is in the document too.
        made = {"id": f"ep_{secrets.token_hex(8)}"} | endpoint | _identity(uid)
        sealed_id = made["id"]
        where = f"endpoint {uid} of application {application.get('uid') or application['id']}"
        if secret is not None and _SECRET.match(secret):
            made["sealedSecret"] = self._seal.close(secret, sealed_id)
        elif secret is not None:
            self.not_taken.append(f"{where}: its secret, which Angarium cannot sign with")
        kept = {
            name: value
            for name, value in (headers or {}).items()
            if not name.lower().startswith(_HEADERS_NOT_KEPT)
        }
        if kept:
            made["sealedHeaders"] = self._seal.close(json.dumps(kept), sealed_id)
        application["endpoints"].append(made)

    def miss(self, what: str) -> None:
        """Note something that Angarium does not take over."""
        self.not_taken.append(what)

    def document(self) -> Document:
        """The document, for `import_document`."""
        return {
            "eventTypes": self.event_types,
            "applications": list(self.applications.values()),
            "sealing": {"kdf": "scrypt", "salt": self._salt},
        }


def _identity(uid: str) -> Document:
    """The member by which an object is found again: `uid`, which must not look like an id of Svix
    or Angarium, or such an id."""
    return {"id": uid} if _ID.match(uid) else {"uid": name_of(uid)}


def flat_metadata(metadata: Mapping[str, Any] | None) -> dict[str, str]:
    """Metadata as texts."""
    return {str(name): str(value) for name, value in (metadata or {}).items()}


def event_types_or_all(names: Sequence[str]) -> list[str] | None:
    """The event types of a subscription; None if it has all of them."""
    return None if not names or "*" in names else sorted({name_of(name) for name in names})
