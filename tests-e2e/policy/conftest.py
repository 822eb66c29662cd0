"""Two platforms for the tests of the policy: one on SQLite, one on Postgres with two workers.

Tests make applications of their own on them. A killed worker's deliveries go to the next after
7 s. An endpoint is disabled after 1 s of failures, but not before the hundredth in a row: only a
test that means it gets so far.
"""

import base64
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from svix.models import OperationalWebhookEndpointIn

from ..child_process import run_angarium  # noqa: TID252 - tests are no installed package
from ..dev_platform import DevPlatform  # noqa: TID252
from .customer import Customer
from .operations import OPS, Operations
from .scripted_receiver import ScriptedReceiver
from .two_workers import TwoWorkers

SETTINGS: dict[str, Any] = {
    "ANGARIUM_RETRY_SCHEDULE": "150ms,150ms,150ms",
    "ANGARIUM_ATTEMPT_TIMEOUT_S": "2",
    "ANGARIUM_RETRY_LEASE_S": "7",
    "ANGARIUM_ENTRY_LEASE_S": "2",
    "ANGARIUM_QUERY_TIMEOUT_S": "2",
    "ANGARIUM_ENDPOINT_DISABLE_AFTER": "1s",
    "ANGARIUM_ENDPOINT_DISABLE_FAILURES_MIN": "100",
    "ANGARIUM_BACKGROUND_MESSAGES_PER_S": "50",
}


@pytest.fixture(scope="session")
def policy_platform(new_folder: Callable[[str], Path]) -> Iterator[DevPlatform]:
    """On SQLite."""
    with DevPlatform(new_folder("dev-policy"), **SETTINGS) as running:
        yield running


@pytest.fixture(scope="session")
def worker_pair(new_folder: Callable[[str], Path]) -> Iterator[TwoWorkers]:
    """On Postgres, with two workers."""
    with TwoWorkers(new_folder("dev-workers"), **SETTINGS) as running:
        yield running


@pytest.fixture
def two_workers(worker_pair: TwoWorkers) -> TwoWorkers:
    """Both, also after a test that killed one."""
    worker_pair.complete()
    return worker_pair


@pytest.fixture
def hooks() -> Iterator[ScriptedReceiver]:
    """A receiver that has received nothing yet."""
    with ScriptedReceiver() as running:
        yield running


@pytest.fixture
def customer(policy_platform: DevPlatform) -> Iterator[Customer]:
    """A new application on SQLite."""
    made = Customer(policy_platform.url, policy_platform.key)
    yield made
    made.close()


@pytest.fixture
def pg_customer(two_workers: TwoWorkers) -> Iterator[Customer]:
    """A new application on Postgres, whose deliveries two workers share."""
    made = Customer(two_workers.platform.url, two_workers.platform.key)
    yield made
    made.close()


@pytest.fixture
def new_tenant(policy_platform: DevPlatform) -> Iterator[Callable[[], Customer]]:
    """Makes applications on SQLite, each of a tenant of its own."""
    with ExitStack() as closed:

        def make() -> Customer:
            url = str(policy_platform.state["database_urls"]["gateway"])
            arguments = ["keys", "create", "tests", "--new-tenant", "--tenant", uuid4().hex]
            made = run_angarium(arguments, ANGARIUM_GATEWAY_DATABASE_URL=url)
            assert made.returncode == 0, made.stderr
            customer = Customer(policy_platform.url, made.stdout.strip())
            closed.callback(customer.close)
            return customer

        yield make


@pytest.fixture
def operations(customer: Customer, hooks: ScriptedReceiver) -> Iterator[Operations]:
    """Made by the SDK, for all kinds of events."""
    secret = f"whsec_{base64.b64encode(os.urandom(24)).decode()}"
    of = customer.svix.operational_webhook.endpoint
    made = of.create(OperationalWebhookEndpointIn(url=f"{hooks.url}{OPS}", secret=secret))
    yield Operations(hooks, secret)
    of.delete(made.id)
