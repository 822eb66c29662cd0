"""Signing in to the console of a running platform."""

from urllib.parse import parse_qs

import httpx

from ..child_process import run_angarium  # noqa: TID252 - tests are no installed package
from ..dev_platform import DevPlatform, api_client  # noqa: TID252


def a_link(platform: DevPlatform, *options: str) -> str:
    done = run_angarium(["console", "link", "--data-dir", str(platform.data_dir), *options])
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def exchanged(platform: DevPlatform, link: str, **more: str) -> httpx.Response:
    code = parse_qs(link.partition("#")[2])["code"][0]
    url = f"{platform.url}/api/v1/auth/sign-in"
    return httpx.post(url, json={"code": code, **more}, trust_env=False)


def test_a_link_signs_in_once_and_who_it_was_stands_in_the_audit_log(
    platform: DevPlatform,
) -> None:
    link = a_link(platform, "--name", "ada@example.com")
    assert link.startswith(f"{platform.url}/console#code=ang_sc_")

    signed_in = exchanged(platform, link)

    assert signed_in.status_code == 200, signed_in.text
    assert exchanged(platform, link).status_code == 403
    with api_client(platform.url, signed_in.json()["token"]) as api:
        who = api.get("/auth/whoami").json()
        assert (who["subject"], who["scope"]) == ("ada@example.com", "admin")
        assert {"read_platform", "manage_quarantine", "manage_tasks"} <= {*who["permissions"]}
        created = api.post("/app", json={"name": "By Ada"})
        assert created.status_code == 201
        entries = api.get("/audit-log", params={"limit": 2}).json()["data"]
        assert [each["operation"] for each in entries] == [
            "v1.application.create",
            "v1.authentication.sign-in",
        ]
        assert {each["actor"] for each in entries} == {"ada@example.com"}
        assert entries[1]["after"]["subject"] == "ada@example.com"
        assert api.post("/auth/logout").status_code == 204
        assert api.get("/auth/whoami").status_code == 401


def test_a_link_to_the_platform_belongs_to_no_tenant(platform: DevPlatform) -> None:
    signed_in = exchanged(platform, a_link(platform, "--scope", "platform")).json()
    assert (signed_in["scope"], signed_in["tenantId"]) == ("platform", None)


def test_a_mistyped_duration_or_tenant_is_refused_with_a_remedy(platform: DevPlatform) -> None:
    folder = ["--data-dir", str(platform.data_dir)]
    soon = run_angarium(["console", "link", *folder, "--expires-in", "soon"])
    assert soon.returncode == 2
    assert "30m, 12h or 7d" in soon.stderr
    unknown = run_angarium(["console", "link", *folder, "--tenant", "nobody"])
    assert unknown.returncode == 2
    assert "there is no tenant nobody" in unknown.stderr
