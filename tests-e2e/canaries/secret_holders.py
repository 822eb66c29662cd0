"""Creates one of everything that holds a secret, each with a canary of its own."""

import base64
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from .canary_search import Canary
from .watched_platform import new_canary

SEED_BYTES: Final = 32


@dataclass
class Canaries:
    """Values that were given out, by name."""

    values: dict[str, str | bytes] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """A new text."""
        value = new_canary(name.replace(" ", "-"))
        self.values[name] = value
        return value

    def key(self, name: str, prefix: str) -> str:
        """A new signing key in its text form."""
        raw = os.urandom(SEED_BYTES)
        self.values[name] = raw
        return prefix + base64.b64encode(raw).decode()

    def given(self, name: str, value: str) -> str:
        """A value that the platform made, such as a token."""
        self.values[name] = value
        return value

    def all(self) -> list[Canary]:
        """Those to look for."""
        return [Canary(name, value) for name, value in self.values.items()]


@dataclass(frozen=True)
class Objects:
    """Ids of what was created, by the parameter of a path that takes them."""

    ids: Mapping[str, str]
    endpoints: Mapping[str, str]
    ingest_url: str


class SecretHolders:
    """Creates objects of a tenant through its API."""

    def __init__(self, api: httpx.Client, canaries: Canaries, receiver_url: str) -> None:
        self._api = api
        self._canaries = canaries
        self._url = receiver_url

    def create(self, redis_stream: str, redis_password: str) -> Objects:
        """Create one of each kind. The password is that of the stream's server."""
        app = self._made("/app", name="Acme", uid="acme")["id"]
        self._made("/event-type", name="invoice.paid", description="Paid.")
        source = self._source()
        stream = self._made("/stream", name="Stream", uid="stream")["id"]
        self._made("/stream/event-type", name="user.seen", description="Seen.")
        text = self._canaries
        sink = self._made(
            f"/stream/{stream}/sink",
            type="http",
            config={
                "url": f"{self._url}/ok/sink",
                "key": text.key("key of a sink", "whsec_"),
                "headers": {"Authorization": f"Bearer {text.text('header of a sink')}"},
            },
        )["id"]
        operational = self._made(
            "/operational-webhook/endpoint",
            url=f"{self._url}/ok/operational",
            secret=text.key("operational secret", "whsec_"),
            headers={"X-Api-Key": text.text("operational header")},
        )["id"]
        text.given("portal token", self._made(f"/auth/app-portal-access/{app}")["token"])
        stream_token = self._made(f"/auth/stream-portal-access/{stream}")["token"]
        text.given("portal token of a stream", stream_token)
        self._made(f"/ingest/api/v1/source/{source['id']}/dashboard")
        key = self._made("/api-key", name="a key", scope="read")
        text.given("API key that was created", key["token"])
        integration = self._made(f"/app/{app}/integration", name="an integration")
        rotated = self._made(f"/app/{app}/integration/{integration['id']}/key/rotate")
        text.given("key of an integration", rotated["key"])
        self._made("/environment/export", secretsPassphrase=text.text("passphrase of an export"))
        endpoints = self._endpoints(app, redis_stream, redis_password)
        ids = {
            "app_id": app,
            "endpoint_id": endpoints["signed"],
            "source_id": source["id"],
            "stream_id": stream,
            "sink_id": sink,
            "integ_id": integration["id"],
            "key_id": key["id"],
            "event_type_name": "invoice.paid",
            "operational_id": operational,
        }
        return Objects(ids, endpoints, source["ingestUrl"])

    def refused(self, app: str) -> list[httpx.Response]:
        """Requests with secrets that are refused: their answers must not repeat them."""
        text = self._canaries
        refused_key = f"ang_sk_{text.text('unknown API key').replace('/', '').replace('+', '')}"
        text.values["unknown API key"] = refused_key
        path = f"/app/{app}/endpoint"
        good = f"{self._url}/ok"
        host = self._url.removeprefix("http://")
        password = base64.b16encode(text.text("password in a URL").encode()).decode()
        text.values["password in a URL"] = password
        proxy = base64.b16encode(text.text("password of a wrong proxy").encode()).decode()
        text.values["password of a wrong proxy"] = proxy
        bodies: list[dict[str, Any]] = [
            {"url": f"http://user:{password}@{host}/ok"},
            {"url": good, "proxyUrl": f"gopher://user:{proxy}@{host}"},
            {"url": good, "secret": f"whsec_{text.text('secret of a wrong form')}"},
            {"url": good, "headers": {"Authorization": f"{text.text('header of a wrong form')}\n"}},
            {"url": good, "authentication": {"type": "bearer", "token": [text.text("no text")]}},
            {"url": good, "clientCertificate": text.text("certificate of a wrong form")},
        ]
        answers = [self._api.post(path, json=body) for body in bodies]
        broken = f'{{"url": "{good}", "secret": "{text.text("secret in broken JSON")}"'
        answers.append(self._api.post(path, content=broken))
        wrong_key = {"authorization": f"Bearer {refused_key}"}
        answers.append(self._api.get("/app", headers=wrong_key))
        return answers

    def _source(self) -> dict[str, Any]:
        secret = self._canaries.text("secret of a source")
        source = self._made(
            "/ingest/api/v1/source", name="GitHub", type="github", config={"secret": secret}
        )
        token = source["ingestUrl"].rpartition("/")[2]
        self._canaries.given("token of a source's URL", token)
        self._made(
            f"/ingest/api/v1/source/{source['id']}/endpoint",
            url=f"{self._url}/ok/ingest",
            secret=self._canaries.key("secret of a source's endpoint", "whsec_"),
        )
        return source

    def _endpoints(self, app: str, redis_stream: str, redis_password: str) -> dict[str, str]:
        text = self._canaries
        login = base64.b64encode(f":{redis_password}".encode()).decode()
        options: dict[str, dict[str, Any]] = {
            "signed": {"secret": text.key("signing secret", "whsec_")},
            "failing": {"secret": text.key("signing key", "whsk_")},
            "hanging": {"headers": {"Authorization": f"Bearer {text.text('header')}"}},
            "basic": {
                "authentication": {
                    "type": "basic", "username": "u", "password": text.text("basic password")
                }
            },
            "bearer": {
                "authentication": {"type": "bearer", "token": text.text("bearer token")},
                "headers": {"X-Api-Key": text.text("header of another name")},
            },
            "oauth": {
                "authentication": {
                    "type": "oauth2",
                    "tokenUrl": f"{self._url}/token",
                    "clientId": "angarium",
                    "clientSecret": text.text("OAuth client secret"),
                }
            },
            "proxied": {"proxyUrl": self._proxy_url()},
            "certified": {"clientCertificate": self._certificate()},
            "redis": {"url": redis_stream, "headers": {"Authorization": f"Basic {login}"}},
        }  # fmt: skip
        made = {}
        for name, members in options.items():
            path = {"failing": "fail", "hanging": "hang"}.get(name, "ok")
            body = {"uid": name, "url": f"{self._url}/{path}/{name}"} | members
            made[name] = self._made(f"/app/{app}/endpoint", **body)["id"]
        rotated = {"key": text.key("rotated secret", "whsec_")}
        answer = self._api.post(f"/app/{app}/endpoint/signed/secret/rotate", json=rotated)
        assert answer.status_code == 204, answer.text
        return made

    def _proxy_url(self) -> str:
        password = base64.b16encode(self._canaries.text("proxy password").encode()).decode()
        self._canaries.values["proxy password"] = password
        return f"http://user:{password}@127.0.0.1:9"

    def _certificate(self) -> str:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "client")])
        now = datetime.now(UTC)
        certificate = (
            x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))
            .sign(key, hashes.SHA256())
            .public_bytes(serialization.Encoding.PEM)
        )
        private = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        self._canaries.values["private key"] = private.splitlines()[2].decode()
        return (certificate + private).decode()

    def _made(self, path: str, **body: Any) -> dict[str, Any]:
        # Stored answers to repeated requests hold tokens as well.
        key = {"idempotency-key": base64.b16encode(os.urandom(8)).decode()}
        if path.startswith("/ingest"):
            answer = self._api.post(str(self._api.base_url).split("/api/v1")[0] + path, json=body)
        else:
            answer = self._api.post(path, json=body, headers=key)
        assert answer.is_success, (path, answer.text)
        made: dict[str, Any] = answer.json()
        return made
