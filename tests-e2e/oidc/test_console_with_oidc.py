"""Signing in to the console of a running platform with OpenID Connect."""

import base64
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from ..dev_platform import DevPlatform, api_client  # noqa: TID252 - tests are no installed package
from .identity_provider import SECRET, TestProvider, running_provider

PUBLIC_URL = "https://webhooks.example.com"
VERIFIER = "v" * 43
CHALLENGE = (
    base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
)


@pytest.fixture
def provider() -> Iterator[TestProvider]:
    with running_provider() as running:
        running.person("ada", email="ada@example.com", groups=["admins"])
        running.person("bob", email="bob@example.com", groups=["guests"])
        yield running


@pytest.fixture
def platform(platform_folder: Path, provider: TestProvider) -> Iterator[DevPlatform]:
    """A platform that knows the provider."""
    with DevPlatform(
        platform_folder,
        ANGARIUM_PUBLIC_URL=PUBLIC_URL,
        ANGARIUM_OIDC_ISSUER=provider.url,
        ANGARIUM_OIDC_CLIENT_ID="angarium",
        ANGARIUM_OIDC_CLIENT_SECRET=SECRET,
        ANGARIUM_OIDC_NAME="Example SSO",
        ANGARIUM_OIDC_ROLES="admins=admin,support=read",
    ) as running:
        yield running


class Browser:
    """Does what the console's page and the browser do."""

    def __init__(self, platform: DevPlatform, provider: TestProvider) -> None:
        self.provider = provider
        self.http = httpx.Client(base_url=platform.url, trust_env=False)

    def leave_for_the_provider(self) -> str:
        answer = self.http.post("/api/v1/auth/oidc", json={"challenge": CHALLENGE})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["authorizationUrl"])

    def come_back(self, given: dict[str, str]) -> dict[str, str]:
        """The fragment with which the console opens."""
        answer = self.http.get("/api/v1/auth/oidc/callback", params=given)
        assert answer.status_code == 303, answer.text
        assert answer.headers["cache-control"] == "no-store"
        location = urlsplit(answer.headers["location"])
        assert f"{location.scheme}://{location.netloc}{location.path}" == f"{PUBLIC_URL}/console"
        return dict(parse_qsl(location.fragment))

    def exchange(self, code: str, verifier: str | None) -> httpx.Response:
        body: Any = {"code": code, "verifier": verifier}
        return self.http.post("/api/v1/auth/sign-in", json=body)


def test_people_sign_in_with_their_roles_and_stand_in_the_audit_log(
    platform: DevPlatform, provider: TestProvider
) -> None:
    browser = Browser(platform, provider)
    methods = browser.http.get("/api/v1/auth/methods").json()
    assert methods == {"apiKey": True, "signInLink": True, "oidc": {"name": "Example SSO"}}
    assert SECRET not in str(methods)

    # A code is bound to the tab that began.
    given = provider.sign_in(browser.leave_for_the_provider(), "ada")
    stolen = browser.come_back(given)
    assert browser.exchange(stolen["code"], None).status_code == 403
    assert browser.exchange(stolen["code"], VERIFIER).status_code == 403

    given = provider.sign_in(browser.leave_for_the_provider(), "ada")
    fragment = browser.come_back(given | {"session_state": "of the provider", "iss": provider.url})
    signed_in = browser.exchange(fragment["code"], VERIFIER).json()
    assert (signed_in["subject"], signed_in["email"]) == ("ada", "ada@example.com")
    with api_client(platform.url, signed_in["token"]) as api:
        assert api.post("/app", json={"name": "By Ada"}).status_code == 201
        entries = api.get("/audit-log", params={"limit": 2}).json()["data"]
        assert {each["actor"] for each in entries} == {"ada@example.com"}
        assert entries[1]["after"]["subject"] == "ada"

    used = browser.come_back(given)
    assert used["error"] == "code_refused"

    given = provider.sign_in(browser.leave_for_the_provider(), "bob")
    refused = browser.come_back(given)
    assert refused["error"] == "no_role"
    assert refused["detail"].startswith("bob@example.com has no role")

    for wrong in ({"error": "access_denied"}, {}, {"state": "00", "code": "x"}):
        assert "error" in browser.come_back(wrong)
    assert SECRET not in platform.logs()
