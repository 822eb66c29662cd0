"""A background task is followed to its end."""

from typing import Any

import httpx
import pytest
from angarium_cli.client.api_client import ApiClient
from angarium_cli.failure import CommandFailed
from angarium_cli.redelivery.background_task import follow_task


def followed(*states: dict[str, Any]) -> tuple[dict[str, Any], list[float]]:
    answers = iter(states)
    pauses: list[float] = []
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=next(answers)))
    with httpx.Client(base_url="https://example.com", transport=transport) as http:
        return follow_task(ApiClient(http), "qtask_1", pauses.append), pauses


RUNNING = {"status": "running", "data": {}, "progress": {"percent": None, "done": 5}}


def test_it_is_asked_for_less_and_less_often_until_it_has_ended() -> None:
    finished = {"status": "finished", "data": {"resent": 7}}

    task, pauses = followed(*[RUNNING] * 12, finished)

    assert task == finished
    assert len(pauses) == 12
    assert pauses == sorted(pauses)
    assert pauses[-1] == 2.0


@pytest.mark.parametrize(
    ("ended", "told"),
    [
        ({"status": "failed", "state": "canceled", "data": {}}, "it was canceled"),
        ({"status": "failed", "state": "failed", "data": {"error": "The cause."}}, "The cause"),
    ],
)
def test_a_task_that_did_not_finish_fails_the_command(ended: dict[str, Any], told: str) -> None:
    with pytest.raises(CommandFailed, match=told) as failed:
        followed(RUNNING, ended)

    assert failed.value.exit_status == 1
