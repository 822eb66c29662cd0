"""How far a background task has come."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from angarium_contracts.ids import lowest_id_at
from angarium_gateway.domain.background_tasks import (
    BackgroundTask,
    TaskArguments,
    TaskKind,
    TaskProgress,
    TaskStatus,
    percent_done,
)
from hypothesis import given
from hypothesis import strategies as st

SINCE = datetime(2030, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
ARGUMENTS = TaskArguments(b"a" * 16, b"e" * 16, SINCE, SINCE + 100 * HOUR)


def a_task(
    at: datetime | None = None,
    kind: TaskKind = TaskKind.RECOVER,
    status: TaskStatus = TaskStatus.RUNNING,
    arguments: TaskArguments = ARGUMENTS,
    looked: int = 0,
) -> BackgroundTask:
    cursor = None if at is None else lowest_id_at(int(at.timestamp() * 1_000))
    progress = TaskProgress(cursor=cursor, looked=looked)
    return BackgroundTask(b"t" * 16, b"o" * 16, kind, arguments, SINCE, status, progress)


@pytest.mark.parametrize(
    ("task", "percent"),
    [
        (a_task(), 0),
        (a_task(SINCE + 37 * HOUR), 37),
        (a_task(SINCE + 37 * HOUR, status=TaskStatus.CANCELED), 37),
        (a_task(SINCE + 200 * HOUR), 99),
        (a_task(SINCE + 37 * HOUR, status=TaskStatus.FINISHED), 100),
        (a_task(SINCE, arguments=replace(ARGUMENTS, until=SINCE)), 0),
        (a_task(kind=TaskKind.EVENT_TYPE_AGGREGATE), None),
        (a_task(kind=TaskKind.PURGE_CONTENT, looked=7), None),
        (
            a_task(
                kind=TaskKind.APPLICATION_STATS,
                arguments=replace(ARGUMENTS, application_ids=(b"a" * 16,) * 4),
                looked=3,
            ),
            75,
        ),
    ],
)
def test_progress_is_told_in_percent(task: BackgroundTask, percent: int | None) -> None:
    assert percent_done(task) == percent


@given(st.lists(st.integers(0, 400_000), min_size=2))
def test_progress_never_goes_back(seconds: list[int]) -> None:
    told = [percent_done(a_task(SINCE + timedelta(seconds=each))) for each in sorted(seconds)]
    assert told == sorted(told, key=lambda each: each or 0)
    assert all(each is not None and 0 <= each <= 99 for each in told)
