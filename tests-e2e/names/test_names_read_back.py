"""What can be written can be read back, filtered by and deleted by its own name.

Whatever creation accepts is found under that name, through the clients that people use; what it
refuses is a 422 that points at the member.
"""

import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ..dev_platform import DevPlatform  # noqa: TID252 - tests are no installed package
from .http_clients import Answer, HttpClient, open_client

CLIENTS = ("httpx", "requests", "fetch")
EXAMPLES = settings().max_examples // 5
"""Each takes some requests, of each client; the names that are known to be hard come besides."""
URL = "https://example.com/hook"

# Letters of the rule, what URLs and JSON give a meaning, and what is neither.
ODD = "aZ09-_.~ !$&'()*+,;=:@/?#%[]{}|\\^`<>\"\t\n\r\x00\x1f\x7f\x80\xa0éß漢😀\u202e\ufeff\uffff"
texts = st.one_of(
    st.text(alphabet="ab0-_.", min_size=1, max_size=6),
    st.text(alphabet=ODD, max_size=8),
    st.text(max_size=8),
    st.text(alphabet="a", min_size=254, max_size=258),
    st.sampled_from(
        ["%2e", "%2e%2e", "..%2f..", "a%20b", "%00", "app_a", "ep_a", "msg_a", "null", "[]", "a,b",
         "msg_05jHR6TnRzUGhKWN8Ckr5D", "endpoint", "msg", "import", "a&b=c", "&amp;", "+", "a+b"]
    ),
)  # fmt: skip

property_test = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def dots_and_such(test: Any) -> Any:
    """Names that clients take out of a path, or that stand for something else (F7, F11)."""
    for name in (".", "..", "...", "..a", "a..", "%2e%2e", "a b", "ü", "x" * 200, "x" * 256):
        test = example(name)(test)
    return test


@pytest.fixture(scope="module", params=CLIENTS)
def send(request: pytest.FixtureRequest, platform: DevPlatform) -> Iterator[HttpClient]:
    with open_client(request.param, f"{platform.url}/api/v1", platform.key) as client:
        yield client


@pytest.fixture(scope="module")
def app(send: HttpClient) -> str:
    """The uid of an application."""
    uid = uuid4().hex
    assert send("POST", ["app"], {"name": "Names", "uid": uid}).status == 201
    return uid


def refused(answer: Answer, member: str) -> bool:
    """Whether this is a refusal, which then points at the member."""
    if answer.status != 422:
        return False
    places = [fault["loc"] for fault in answer.body["detail"]]
    assert places, answer
    assert all(place[:2] == ["body", member] for place in places), answer
    assert all(fault["msg"].endswith(".") for fault in answer.body["detail"]), answer
    return True


@dots_and_such
@property_test
@given(texts)
def test_an_application_is_found_and_deleted_by_its_uid(send: HttpClient, name: str) -> None:
    created = send("POST", ["app"], {"name": "N", "uid": name})
    if refused(created, "uid"):
        return
    assert created.status == 201, created
    assert send("GET", ["app", name]).body == created.body
    assert send("PATCH", ["app", name], {"name": "M"}).body["id"] == created.body["id"]
    assert send("DELETE", ["app", name]).status == 204
    assert send("GET", ["app", created.body["id"]]).status == 404


@dots_and_such
@property_test
@given(texts)
def test_an_endpoint_is_found_and_deleted_by_its_uid(send: HttpClient, app: str, name: str) -> None:
    created = send("POST", ["app", app, "endpoint"], {"url": URL, "uid": name})
    if not refused(created, "uid"):
        path = ["app", app, "endpoint", name]
        assert created.status == 201, created
        assert send("GET", path).body == created.body
        assert send("GET", [*path, "secret"]).body["key"].startswith("whsec_")
        assert send("DELETE", path).status == 204
        assert send("GET", ["app", app, "endpoint", created.body["id"]]).status == 404
    assert send("GET", ["app", app]).status == 200


@dots_and_such
@property_test
@given(texts)
def test_an_event_type_is_found_filtered_by_and_deleted_by_its_name(
    send: HttpClient, app: str, name: str
) -> None:
    created = send("POST", ["event-type"], {"name": name, "description": ""})
    if refused(created, "name"):
        return
    assert created.status == 201, created
    assert send("GET", ["event-type", name]).body == created.body
    posted = send("POST", ["app", app, "msg"], {"eventType": name, "payload": {}})
    found = send("GET", ["app", app, "msg"], query={"event_types": name})
    assert posted.body["id"] in [message["id"] for message in found.body["data"]]
    endpoint = {"url": URL, "filterTypes": [name]}
    filtered = send("POST", ["app", app, "endpoint"], endpoint)
    assert filtered.body["eventTypes"] == [name]
    assert send("DELETE", ["app", app, "endpoint", filtered.body["id"]]).status == 204
    assert send("DELETE", ["event-type", name], query={"expunge": "true"}).status == 204
    assert send("GET", ["event-type", name]).status == 404


@dots_and_such
@property_test
@given(texts)
def test_a_message_s_type_is_taken_where_it_can_be_filtered_by(
    send: HttpClient, app: str, name: str
) -> None:
    posted = send("POST", ["app", app, "msg"], {"eventType": name, "payload": {}})
    if refused(posted, "eventType"):
        return
    assert posted.status == 202, posted
    found = send("GET", ["app", app, "msg"], query={"event_types": name})
    assert posted.body["id"] == found.body["data"][0]["id"]


@dots_and_such
@property_test
@given(texts)
def test_a_message_is_found_by_its_event_id(send: HttpClient, name: str) -> None:
    app = uuid4().hex
    send("POST", ["app"], {"name": "N", "uid": app})
    posted = send("POST", ["app", app, "msg"], {"eventType": "a", "eventId": name, "payload": {}})
    if refused(posted, "eventId"):
        return
    assert posted.status == 202, posted
    assert send("GET", ["app", app, "msg", name]).body == posted.body
    attempts = send("GET", ["app", app, "attempt", "msg", name])
    assert (attempts.status, attempts.body["data"]) == (200, [])


def test_what_other_paths_mean_is_no_name(platform: DevPlatform) -> None:
    """The names by which an object cannot be reached, because another path of the document has
    them in the place of its id, are refused."""
    document = httpx.get(f"{platform.url}/api/v1/openapi.json").json()
    paths = [re.sub(r"{\w+}", "*", path).split("/")[3:] for path in document["paths"]]
    named = [path[:-1] for path in paths if path[-1] == "*"]
    taken = {tuple(path) for path in paths if path[:-1] in named and path[-1] != "*"}

    with open_client("httpx", f"{platform.url}/api/v1", platform.key) as send:
        app = uuid4().hex
        send("POST", ["app"], {"name": "N", "uid": app})
        for *_, place, name in sorted(each for each in taken if each[0] == "app"):
            assert place == "msg"
            body = {"eventType": "a", "eventId": name, "payload": {}}
            assert refused(send("POST", ["app", app, "msg"], body), "eventId")
        for place, name in (each for each in taken if each[0] != "app"):
            assert refused(send("POST", [place], {"name": "N", "uid": name}), "uid")
    assert len(taken) == 4


def test_the_id_of_another_message_is_no_event_id(send: HttpClient, app: str) -> None:
    first = send("POST", ["app", app, "msg"], {"eventType": "a", "payload": {"first": 1}})
    body = {"eventType": "a", "eventId": first.body["id"], "payload": {}}
    assert refused(send("POST", ["app", app, "msg"], body), "eventId")


@pytest.mark.parametrize(("member", "parameter"), [("tags", "tag"), ("channels", "channel")])
def test_messages_are_found_by_their_tags_and_channels(
    send: HttpClient, app: str, member: str, parameter: str
) -> None:
    @dots_and_such
    @property_test
    @given(texts)
    def found(name: str) -> None:
        body = {"eventType": "a", member: [name, "another"], "payload": {}}
        posted = send("POST", ["app", app, "msg"], body)
        if refused(posted, member):
            return
        assert posted.status == 202, posted
        assert posted.body[member] == [name, "another"]
        answer = send("GET", ["app", app, "msg"], query={parameter: name, "limit": "1"})
        assert answer.status == 200, answer
        assert [each["id"] for each in answer.body["data"]] == [posted.body["id"]]

    found()


@property_test
@given(texts, texts)
def test_metadata_is_read_back_as_it_was_written(
    send: HttpClient, app: str, key: str, value: str
) -> None:
    for path, body in (
        (["app"], {"name": "N", "uid": uuid4().hex}),
        (["app", app, "endpoint"], {"url": URL, "uid": uuid4().hex}),
    ):
        created = send("POST", path, body | {"metadata": {key: value}})
        if refused(created, "metadata"):
            continue
        assert created.status == 201, created
        read = send("GET", [*path, created.body["id"]])
        assert read.body["metadata"] == {key: value}
        assert send("DELETE", [*path, created.body["id"]]).status == 204


@dots_and_such
@property_test
@given(texts)
def test_a_name_that_an_object_is_given_later_holds_as_well(
    send: HttpClient, app: str, name: str
) -> None:
    for path, body in (
        (["app"], {"name": "N", "uid": uuid4().hex}),
        (["app", app, "endpoint"], {"url": URL, "uid": uuid4().hex}),
    ):
        first = send("POST", path, body)
        renamed = send("PATCH", [*path, first.body["id"]], {"uid": name})
        if refused(renamed, "uid"):
            assert send("GET", [*path, str(body["uid"])]).body == first.body
            name_now = first.body["uid"]
        else:
            assert renamed.status == 200, renamed
            name_now = name
            assert send("GET", [*path, name]).body == renamed.body
        assert send("DELETE", [*path, name_now]).status == 204
        assert send("GET", [*path, first.body["id"]]).status == 404


@dots_and_such
@property_test
@given(texts)
def test_what_a_put_creates_is_found_where_it_was_put(
    send: HttpClient, app: str, name: str
) -> None:
    for path, body in (
        (["app"], {"name": "N"}),
        (["app", app, "endpoint"], {"url": URL}),
        (["event-type"], {"description": ""}),
    ):
        put = send("PUT", [*path, name], body)
        if put.status == 201:
            assert put.body.get("uid", put.body.get("name")) == name
            assert send("GET", [*path, name]).body == put.body
            query = {"expunge": "true"} if path == ["event-type"] else None
            assert send("DELETE", [*path, name], query=query).status == 204
        else:
            assert put.status in (404, 405, 422), put
            assert put.body["detail"], put
    assert send("GET", ["app", app]).body["name"] == "Names"
