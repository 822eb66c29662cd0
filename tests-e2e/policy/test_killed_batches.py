"""The gateway is killed in the middle of batches: what it answered is delivered, and what was in
flight is stored once, however often it is posted again."""

import os
import signal
import threading
from itertools import count
from typing import Any

import httpx

from ..dev_platform import DevPlatform  # noqa: TID252 - tests are no installed package
from ..waiting import until  # noqa: TID252
from ..webhook_receiver import WebhookReceiver  # noqa: TID252
from .customer import Customer

BATCHES, MESSAGES = 12, 250
KILLED_AFTER = 3
AFTERWARDS_S = 60.0


class PostedBatches:
    """Batches, each posted until it is answered. `answered` counts them."""

    def __init__(self, platform: DevPlatform, path: str) -> None:
        self._platform = platform
        self._path = f"{path}/msg/batch"
        self.answered = 0
        self.repeated = 0
        self.ids: list[str] = []

    def post_all(self) -> None:
        """Post batch after batch."""
        with self._platform.client() as client:
            for number in range(BATCHES):
                answer = until(lambda: self._post(client, number), AFTERWARDS_S, "an answer")  # noqa: B023
                assert answer["created"] + answer["duplicate"] == MESSAGES, answer
                self.ids += [each["id"] for each in answer["data"]]
                self.answered += 1

    def _post(self, client: httpx.Client, number: int) -> dict[str, Any] | None:
        messages = [
            {"eventType": "a", "eventId": f"{number}-{place}", "payload": {}}
            for place in range(MESSAGES)
        ]
        try:
            answer = client.post(self._path, json={"messages": messages})
        except httpx.HTTPError:
            self.repeated += 1
            return None
        found: dict[str, Any] | None = answer.json() if answer.status_code == 202 else None
        return found


def test_what_was_answered_is_delivered_and_nothing_is_stored_twice(
    policy_platform: DevPlatform, receiver: WebhookReceiver
) -> None:
    customer = Customer(policy_platform.url, policy_platform.key)
    path = f"/ok/killed-batches-{next(_numbers)}"
    customer.endpoint(f"{receiver.url}{path}")
    batches = PostedBatches(policy_platform, customer.path)
    posting = threading.Thread(target=batches.post_all)
    posting.start()
    until(lambda: batches.answered >= KILLED_AFTER, AFTERWARDS_S, "some batches are answered")
    os.kill(policy_platform.pid("gateway"), signal.SIGKILL)
    posting.join(AFTERWARDS_S * 2)

    assert len(set(batches.ids)) == BATCHES * MESSAGES
    receiver.wait_for_ids(set(batches.ids), path=path)
    assert receiver.ids(path) == set(batches.ids)
    twice = [each for each in receiver.entries(path) if each["times"] > 1]
    assert len(twice) <= (1 + batches.repeated) * MESSAGES * 2
    customer.close()


_numbers = count()
