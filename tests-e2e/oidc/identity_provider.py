"""A real OpenID Connect provider in a thread, whose answers a test can spoil."""

import base64
import hashlib
import io
import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx
from joserfc import jwt
from joserfc.jwk import RSAKey
from oidc_provider_mock import app as provider_app
from werkzeug.serving import make_server
from werkzeug.test import run_wsgi_app
from werkzeug.wrappers import Request, Response

Claims = dict[str, Any]
SECRET = "the-client-secret"


@dataclass
class TestProvider:
    """`url` is its issuer. `spoil` changes the answers of its token endpoint, `metadata` its
    discovery document. It checks PKCE, which the library does not."""

    __test__ = False

    url: str = ""
    spoil: Callable[[Claims], Claims] = lambda answer: answer
    metadata: Mapping[str, Any] = field(default_factory=dict)
    challenges: dict[str, str] = field(default_factory=dict)
    exchanges: int = 0
    down: bool = False
    published: list[RSAKey] | None = None
    """Keys to publish in place of its own."""
    _app: Any = field(default_factory=provider_app)

    def person(self, subject: str, **claims: Any) -> None:
        """Tell the provider about somebody."""
        httpx.put(f"{self.url}/users/{subject}", json=claims, trust_env=False).raise_for_status()

    def sign_in(self, authorization_url: str, subject: str) -> dict[str, str]:
        """Sign somebody in; the parameters with which the browser is sent back."""
        answer = httpx.post(authorization_url, data={"sub": subject}, trust_env=False)
        assert answer.status_code == 302, answer.text
        given = dict(parse_qsl(urlsplit(answer.headers["location"]).query))
        asked = parse_qs(urlsplit(authorization_url).query)
        assert asked["code_challenge_method"] == ["S256"]
        if "code" in given:
            self.challenges[given["code"]] = asked["code_challenge"][0]
        return given

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """The provider as a WSGI application."""
        request = Request(environ)
        if self.down:
            return Response("down", 503)(environ, start_response)
        if request.path == "/oauth2/token":
            return self._token(request)(environ, start_response)
        if request.path == "/jwks" and self.published is not None:
            keys = {"keys": [each.as_dict(private=False) for each in self.published]}
            return Response(json.dumps(keys), 200, content_type=_JSON)(environ, start_response)
        body, status, headers = run_wsgi_app(self._app, environ)
        if request.path == "/.well-known/openid-configuration":
            found = {**json.loads(b"".join(body)), **self.metadata}
            return Response(json.dumps(found), 200, content_type="application/json")(
                environ, start_response
            )
        return Response(body, status, headers)(environ, start_response)

    def _token(self, request: Request) -> Response:
        self.exchanges += 1
        sent = request.get_data()
        form = parse_qs(sent.decode())
        verifier = form["code_verifier"][0].encode()
        digest = base64.urlsafe_b64encode(hashlib.sha256(verifier).digest()).decode().rstrip("=")
        if self.challenges.get(form["code"][0]) != digest:
            return Response(json.dumps({"error": "invalid_grant"}), 400, content_type=_JSON)
        environ = {**request.environ, "wsgi.input": io.BytesIO(sent)}
        body, status, headers = run_wsgi_app(self._app, environ)
        answer = b"".join(body)
        if status.startswith("200"):
            answer = json.dumps(self.spoil(json.loads(answer))).encode()
        headers.pop("content-length", None)
        return Response(answer, status, headers)


_JSON = "application/json"


@contextmanager
def running_provider() -> Iterator[TestProvider]:
    """The provider on a port of this machine."""
    provider = TestProvider()
    server = make_server("127.0.0.1", 0, provider, threaded=True)
    provider.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def signed_anew(id_token: str, *, key: RSAKey, **changes: Any) -> str:
    """An ID token with other claims, without those that are None, signed with another key."""
    changed = {**claims_of(id_token), **changes}
    claims = {name: value for name, value in changed.items() if value is not None}
    return jwt.encode({"alg": "RS256", "kid": key.kid or ""}, claims, key)


def claims_of(id_token: str) -> Claims:
    """The claims of a token, unverified."""
    part = id_token.split(".")[1]
    found: Claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found
