"""Signing in to the console and out, and what each scope sees."""

from urllib.parse import quote

import httpx
from playwright.sync_api import Page, Route, expect

from ..child_process import run_angarium  # noqa: TID252 - tests are no installed package
from ..dev_platform import DevPlatform  # noqa: TID252
from ..waiting import until  # noqa: TID252
from .conftest import NewPage, OpenConsole
from .watched_page import violations_in_both_schemes

WAIT_S = 10
XSS = "<img src=x onerror=\"console.error('xss')\">"


def stored(page: Page) -> str:
    return str(page.evaluate("JSON.stringify(sessionStorage)"))


def places(page: Page) -> list[str]:
    return (
        page.get_by_role("navigation", name="Pages", exact=True)
        .get_by_role("link")
        .all_inner_texts()
    )


def key_of(api: httpx.Client, scope: str, **members: str) -> str:
    made = api.post("/api-key", json={"name": f"{scope} key", "scope": scope, **members})
    assert made.status_code == 201, made.text
    return str(made.json()["token"])


def test_a_key_signs_in_with_the_keyboard_alone_and_signing_out_forgets_it(
    page: Page, platform: DevPlatform, tenant_key: str
) -> None:
    page.goto(f"{platform.url}/console")
    expect(page.get_by_role("heading", name="Sign in to Angarium")).to_be_visible()
    assert violations_in_both_schemes(page) == []

    for _ in range(5):
        page.keyboard.press("Tab")
        if page.get_by_label("API key").evaluate("e => e === document.activeElement"):
            break
    page.keyboard.type(tenant_key)
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    expect(page.get_by_role("banner")).to_contain_text("tests")
    expect(page.get_by_role("banner")).to_contain_text("admin")
    assert tenant_key in stored(page)
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("API key")).to_be_visible()
    assert tenant_key not in stored(page)
    page.reload()
    expect(page.get_by_label("API key")).to_be_visible()


def test_what_is_no_key_is_refused_at_its_field(
    page: Page, platform: DevPlatform, api: httpx.Client, app: str
) -> None:
    page.goto(f"{platform.url}/console")
    field = page.get_by_label("API key")
    field.fill("ang_sk_nonsense")
    field.press("Enter")
    expect(page.get_by_text("This is no API key of this server")).to_be_visible()
    assert violations_in_both_schemes(page) == []

    portal = api.post(f"/auth/app-portal-access/{app.removeprefix('/app/')}", json={})
    field.fill(portal.json()["token"])
    field.press("Enter")
    expect(page.get_by_text("This token is of the customers' portal")).to_be_visible()


def test_a_key_in_the_fragment_signs_in_and_leaves_the_address(
    page: Page, platform: DevPlatform, tenant_key: str
) -> None:
    page.goto(f"{platform.url}/console/applications?search=acme#key={tenant_key}")
    expect(page.get_by_role("heading", name="Applications", level=1)).to_be_visible()
    assert page.url == f"{platform.url}/console/applications?search=acme"
    page.goto(f"{platform.url}/console/event-types")
    expect(page.get_by_role("heading", name="Event types", level=1)).to_be_visible()


def test_a_link_signs_in_once_and_signing_out_ends_it_on_the_server(
    page: Page, platform: DevPlatform
) -> None:
    made = run_angarium(
        ["console", "link", "--data-dir", str(platform.data_dir), "--name", "ada@example.com"]
    )
    link = made.stdout.strip()
    page.goto(link)
    expect(page.get_by_role("banner")).to_contain_text("ada@example.com")
    token = page.evaluate("JSON.parse(sessionStorage.getItem('angarium.session')).token")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("API key")).to_be_visible()
    whoami = f"{platform.url}/api/v1/auth/whoami"
    answer = httpx.get(whoami, headers={"authorization": f"Bearer {token}"}, trust_env=False)
    assert answer.status_code == 401

    page.goto("about:blank")
    page.goto(link)
    expect(page.get_by_role("alert")).to_contain_text("angarium console link")


def test_a_refused_sign_in_is_shown_as_text(page: Page, platform: DevPlatform) -> None:
    page.goto(f"{platform.url}/console#error=no_role&detail={quote(f'No role for {XSS}.')}")
    expect(page.get_by_role("alert")).to_have_text(f"No role for {XSS}.")
    assert "#" not in page.url
    assert violations_in_both_schemes(page) == []


def test_a_session_that_ends_leads_to_the_sign_in_page_and_back(
    open_console: OpenConsole, tenant_api: httpx.Client, tenant_key: str
) -> None:
    key = key_of(tenant_api, "admin")
    page = open_console("/tasks", key=key)
    expect(page.get_by_role("heading", name="Tasks", exact=True)).to_be_visible()
    (key_id,) = [
        each["id"] for each in tenant_api.get("/api-key").json()["data"] if each["name"] != "tests"
    ]
    assert tenant_api.delete(f"/api-key/{key_id}").status_code == 204
    refused = {"authorization": f"Bearer {key}"}
    until(
        lambda: tenant_api.get("/auth/whoami", headers=refused).status_code == 401,
        WAIT_S,
        "the key is refused",
    )

    page.get_by_role("link", name="Audit log").click()
    expect(page.get_by_role("alert")).to_contain_text("Your session has ended")
    page.get_by_label("API key").fill(tenant_key)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", name="Audit log", level=1)).to_be_visible()


def test_scopes_hide_what_they_do_not_allow(
    open_console: OpenConsole, new_page: NewPage, tenant_api: httpx.Client
) -> None:
    app_id = tenant_api.post("/app", json={"name": "Acme"}).json()["id"]
    reader = open_console("/applications", key=key_of(tenant_api, "read"))
    expect(reader.get_by_role("link", name="Acme")).to_be_visible()
    assert "API keys" not in places(reader)
    assert "Platform" not in places(reader)
    expect(reader.get_by_role("button", name="Create an application")).to_have_count(0)

    publisher = open_console("", key=key_of(tenant_api, "publish"), on=new_page())
    expect(publisher.get_by_role("heading", name="Post a message")).to_be_visible()
    assert places(publisher) == ["Post a message"]

    of_one = open_console("", key=key_of(tenant_api, "application", appId=app_id), on=new_page())
    expect(of_one.get_by_role("heading", name="Endpoints", level=1)).to_be_visible()
    assert places(of_one) == ["Application", "Post a message", "Event types", "Tasks"]


def test_a_key_of_the_platform_sees_the_platform_only(
    open_console: OpenConsole, platform_key: str
) -> None:
    page = open_console("", key=platform_key)
    expect(page.get_by_role("heading", name="Platform", exact=True)).to_be_visible()
    assert places(page) == ["Platform", "Quarantine", "Tenants"]


def test_openid_connect_is_offered_where_it_is_set(page: Page, platform: DevPlatform) -> None:
    asked: list[object] = []

    def start(route: Route) -> None:
        asked.append(route.request.post_data_json)
        route.fulfill(json={"authorizationUrl": f"{platform.url}/console/provider"})

    methods = {"apiKey": True, "signInLink": True, "oidc": {"name": "Example SSO"}}
    page.route("**/api/v1/auth/methods", lambda route: route.fulfill(json=methods))
    page.route("**/api/v1/auth/oidc", start)
    page.goto(f"{platform.url}/console")
    expect(page.get_by_role("button", name="Sign in with Example SSO")).to_be_visible()
    assert violations_in_both_schemes(page) == []
    page.get_by_role("button", name="Sign in with Example SSO").click()
    page.wait_for_url("**/console/provider")
    (body,) = asked
    assert isinstance(body, dict)
    assert len(body["challenge"]) == 43
    assert "angarium.oidc.verifier" in stored(page)
