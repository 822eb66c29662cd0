"""Authentication, health, and refusals as the official SDK raises them."""

import httpx
import pytest
from svix.api import ApplicationIn, ApplicationOut, MessageIn, Svix, SvixOptions
from svix.exceptions import HttpError, HTTPValidationError

from ..child_process import run_angarium  # noqa: TID252 - tests are no installed package
from ..dev_platform import DevPlatform, api_client  # noqa: TID252
from ..waiting import until  # noqa: TID252


def test_a_healthy_platform_says_so(svix: Svix, platform: DevPlatform) -> None:
    svix.health.get()
    # Without a key, too.
    assert httpx.get(f"{platform.url}/api/v1/health", trust_env=False).status_code == 204


@pytest.mark.parametrize("key", ["ang_wrong", "x", "x" * 500])
def test_a_wrong_key_is_refused_everywhere(
    platform: DevPlatform, application: ApplicationOut, key: str
) -> None:
    svix = Svix(key, SvixOptions(server_url=platform.url, retry_schedule=[]))
    for call in (
        svix.application.list,
        lambda: svix.application.create(ApplicationIn(name="x")),
        lambda: svix.event_type.get("a"),
        lambda: svix.endpoint.list(application.id),
        lambda: svix.message.create(application.id, MessageIn(event_type="a", payload={})),
        lambda: svix.message.list(application.id),
    ):
        with pytest.raises(HttpError) as refusal:
            call()
        assert (refusal.value.status_code, refusal.value.code) == (401, "authentication_failed")
        assert "Bearer" in refusal.value.detail


@pytest.mark.parametrize("header", [None, "Basic abc", "Bearer", "bearer"])
def test_without_a_key_the_door_stays_shut(platform: DevPlatform, header: str | None) -> None:
    headers = {} if header is None else {"authorization": header}
    with httpx.Client(base_url=platform.url, trust_env=False, headers=headers) as client:
        for path in ("/api/v1/app", "/api/v1/app/x/endpoint", "/api/v1/event-type"):
            answer = client.get(path)
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"] == "Bearer"
        assert client.post("/api/v1/app/x/msg", json={}).status_code == 401


def test_a_revoked_key_is_refused_within_seconds(platform: DevPlatform) -> None:
    database = {"ANGARIUM_DATABASE_URL": str(platform.state["database_urls"]["gateway"])}
    made = run_angarium(["keys", "create", "for a while"], **database)
    key = made.stdout.strip()
    key_id = next(word for word in made.stderr.split() if word.startswith("key_"))
    with api_client(platform.url, key) as client:
        assert client.get("/app").status_code == 200

        assert run_angarium(["keys", "revoke", key_id], **database).returncode == 0

        until(lambda: client.get("/app").status_code == 401, 5, "the key is refused")
        message = {"eventType": "a", "payload": {}}
        assert client.post("/app/x/msg", json=message).status_code == 401


def test_an_unknown_application_is_named_by_its_error(svix: Svix) -> None:
    for reference in ("app_0352KPPWdsGN9xu3XRvFiA", "no-such-uid"):
        for call in (
            lambda ref: svix.application.get(ref),
            lambda ref: svix.endpoint.list(ref),
            lambda ref: svix.message.list(ref),
            lambda ref: svix.message.create(ref, MessageIn(event_type="a", payload={})),
        ):
            with pytest.raises(HttpError) as refusal:
                call(reference)
            assert (refusal.value.status_code, refusal.value.code) == (404, "not_found")
            assert "application" in refusal.value.detail


def test_a_validation_error_names_the_member(svix: Svix, application: ApplicationOut) -> None:
    with pytest.raises(HTTPValidationError) as refusal:
        svix.application.create(ApplicationIn(name="", uid="with spaces"))
    assert refusal.value.detail[0].loc[0] == "body"

    with pytest.raises(HTTPValidationError) as refusal:
        svix.message.create(application.id, MessageIn(event_type="not good!", payload={}))
    (fault,) = refusal.value.detail
    assert fault.loc == ["body", "eventType"]
    assert fault.msg
    assert fault.type
