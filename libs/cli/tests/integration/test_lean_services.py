"""The modules that a service's process imports: each that is not needed costs memory and time."""

import subprocess
import sys

import pytest

UNUSED = {
    # Of SQLAlchemy, Uvicorn, structlog, redis and Litestar.
    *("sqlalchemy.orm", "click", "rich", "pygments", "attr", "colorama", "ctypes"),
    *("opentelemetry.sdk", "litestar.plugins.pydantic", "pydantic.v1", "litestar.plugins.attrs"),
    # For commands and rare requests.
    *("alembic", "typer", "httpx", "authlib", "jsonschema", "cryptography.x509", "mcp"),
    *("pyinstrument", "prometheus_client.openmetrics.parser", "grpc", "requests"),
}
LEAN = "from angarium_chassis.lean_imports import lean_imports"


def _run(program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout.strip()


@pytest.mark.parametrize("service", ["gateway", "dispatcher", "worker"])
def test_a_service_imports_nothing_that_it_does_not_use(service: str) -> None:
    assert (
        _run(f"""
import sys
{LEAN}
with lean_imports():
    import angarium_{service}.main
if "{service}" == "gateway":
    from angarium_gateway.administration.client_document import api_document
    assert api_document().json  # Litestar imports its plugins when an application is made.
print(sorted({UNUSED} & sys.modules.keys()))
""")
        == "[]"
    )


def test_names_that_a_package_imports_late_are_the_same() -> None:
    assert (
        _run(f"""
import gc, sys
{LEAN}
with lean_imports():
    from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
    import uvicorn
    assert uvicorn.Config.__module__ == "uvicorn.config"
    assert not {{"sqlalchemy.orm", "uvicorn.main"}} & sys.modules.keys()
    assert not gc.isenabled()
assert gc.isenabled()
from sqlalchemy.ext.asyncio import AsyncSession
assert AsyncSession.__module__ == "sqlalchemy.ext.asyncio.session"
import sqlalchemy.ext.asyncio as package
assert package.AsyncConnection is AsyncConnection
assert uvicorn.run.__module__ == "uvicorn.main"
assert not hasattr(uvicorn, "no_such_name")
print("ok")
""")
        == "ok"
    )


def test_what_is_absent_can_be_imported_afterwards() -> None:
    assert (
        _run(f"""
{LEAN}
with lean_imports():
    try:
        import rich
    except ModuleNotFoundError:
        pass
    else:
        raise AssertionError
import rich
with lean_imports():
    import rich.console  # Imported before: it stays.
print("ok")
""")
        == "ok"
    )
