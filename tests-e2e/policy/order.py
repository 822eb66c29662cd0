"""What must hold of what an ordered endpoint received."""

import itertools
from collections.abc import Sequence

from .scripted_receiver import Reception


def assert_one_at_a_time(received: Sequence[Reception]) -> None:
    """No request came before the one before it was answered."""
    for earlier, later in itertools.pairwise(received):
        assert earlier.ended_s, f"{earlier.id} is still open when {later.id} comes"
        assert later.begun_s >= earlier.ended_s


def assert_in_order(received: Sequence[Reception], messages: Sequence[str]) -> None:
    """Each message was sent until it was taken, and only then the next; `messages` in order."""
    accepted = [one.id for one in received if one.status == 200]
    assert accepted == list(messages)
    assert_no_message_overtakes(received, messages)


def assert_no_message_overtakes(received: Sequence[Reception], messages: Sequence[str]) -> None:
    """The same where the last one sent may have come twice, because its sender was killed before
    it could record it."""
    places = {message: place for place, message in enumerate(messages)}
    sent = [places[one.id] for one in received]
    assert sent == sorted(sent)
    for place, message in enumerate(messages):
        statuses = [one.status for one in received if one.id == message]
        assert 200 in statuses, f"message {place} was never taken"
