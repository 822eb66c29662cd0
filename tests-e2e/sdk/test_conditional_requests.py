"""ETag, If-Match and If-None-Match through the whole platform: no update is lost."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx
import pytest

URL = "https://example.com/hook"
WRITERS = 8


@pytest.fixture(params=["application", "endpoint", "event type", "operational endpoint"])
def target(request: pytest.FixtureRequest, app: str) -> tuple[str, Callable[[int], dict[str, Any]]]:
    """Where an object may be, and the body of a PUT of it."""
    name = f"conditional-{uuid4().hex}"
    targets: dict[str, tuple[str, Callable[[int], dict[str, Any]]]] = {
        "application": (f"/app/{name}", lambda number: {"name": f"n{number}"}),
        "endpoint": (
            f"{app}/endpoint/{name}",
            lambda number: {"url": URL, "description": f"n{number}"},
        ),
        "event type": (f"/event-type/{name}", lambda number: {"description": f"n{number}"}),
        "operational endpoint": (
            f"/operational-webhook/endpoint/{name}",
            lambda number: {"url": URL, "description": f"n{number}"},
        ),
    }
    return targets[request.param]


def test_the_tag_of_a_write_is_that_of_the_next_read_and_changes_with_each_write(
    api: httpx.Client, target: tuple[str, Callable[[int], dict[str, Any]]]
) -> None:
    path, body = target
    tags = []
    for number in range(3):
        put = api.put(path, json=body(number))
        read = api.get(path)
        assert put.headers["etag"] == read.headers["etag"]
        tags.append(read.headers["etag"])
        same = api.get(path, headers={"if-none-match": tags[-1]})
        assert (same.status_code, same.content) == (304, b"")
    assert len(set(tags)) == 3
    assert api.delete(path, headers={"if-match": tags[0]}).status_code == 412
    assert api.get(path).headers["etag"] == tags[-1]
    assert api.delete(path, headers={"if-match": tags[-1]}).status_code == 204


def test_of_writers_that_read_the_same_version_one_wins(
    api: httpx.Client, target: tuple[str, Callable[[int], dict[str, Any]]]
) -> None:
    path, body = target
    tag = api.put(path, json=body(0)).headers["etag"]

    def write(number: int) -> httpx.Response:
        return api.put(path, json=body(number), headers={"if-match": tag})

    with ThreadPoolExecutor(WRITERS) as pool:
        answers = list(pool.map(write, range(1, WRITERS + 1)))
    assert sorted(answer.status_code for answer in answers) == [200, *[412] * (WRITERS - 1)]
    (won,) = [answer for answer in answers if answer.status_code == 200]
    assert api.get(path).json() == won.json()


def test_of_writers_that_create_an_object_one_creates_it(
    api: httpx.Client, target: tuple[str, Callable[[int], dict[str, Any]]]
) -> None:
    path, body = target

    def create(number: int) -> httpx.Response:
        return api.put(path, json=body(number), headers={"if-none-match": "*"})

    with ThreadPoolExecutor(WRITERS) as pool:
        answers = list(pool.map(create, range(WRITERS)))
    assert sorted(answer.status_code for answer in answers) == [201, *[412] * (WRITERS - 1)]
