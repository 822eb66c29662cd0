"""`angarium gateway`, `dispatcher` and `worker`: run one service in this process."""

import importlib

from angarium_chassis.lean_imports import lean_imports

from angarium_cli.services import ServiceName


def gateway() -> None:
    """Run the gateway, the public HTTP API.

    Configured by ANGARIUM_… variables.
    """
    _run("gateway")


def dispatcher() -> None:
    """Run the dispatcher, which matches messages to endpoints.

    Configured by ANGARIUM_… variables.
    """
    _run("dispatcher")


def worker() -> None:
    """Run the worker, which signs, sends and retries.

    Configured by ANGARIUM_… variables.
    """
    _run("worker")


def _run(service: ServiceName) -> None:
    with lean_imports():
        program = importlib.import_module(f"angarium_{service}.main")
    program.main()
