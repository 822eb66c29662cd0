"""The command line: refusals in one line, databases migrated, keys made and revoked."""

import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from angarium_cli.main import main

type Run = Callable[..., tuple[int, str, str]]

URL = "ANGARIUM_{}_DATABASE_URL"
HEAVY = ("alembic", "faststream", "httpx", "litestar", "pydantic_settings", "rich", "sqlalchemy")


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command line; gives its exit status, output and errors."""
    for service in ("GATEWAY", "DISPATCHER", "WORKER"):
        monkeypatch.delenv(URL.format(service), raising=False)
    monkeypatch.delenv("ANGARIUM_DATABASE_URL", raising=False)

    def run_command(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["angarium", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return run_command


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["dev", "--port", "x"], "--port"),
        (["dev", "--port", "65536"], "--port"),
        (["dev", "--database", "oracle"], "'sqlite', 'postgres'"),
        (["dev", "--log-format", "xml"], "'console', 'json'"),
        (["dev", "--api-key", "short"], "16 to 256 printable"),
        (["dev", "--nonsense"], "No such option"),
        (["frobnicate"], "No such command"),
        (["migrate", "nobody"], "nobody"),
        (["migrate"], "ANGARIUM_GATEWAY_DATABASE_URL is not set"),
        (["migrate", "worker"], "neither ANGARIUM_WORKER_DATABASE_URL nor ANGARIUM_DATABASE_URL"),
        (["keys", "list"], "neither ANGARIUM_GATEWAY_DATABASE_URL nor ANGARIUM_DATABASE_URL"),
        (["keys", "revoke", "app_1"], "app_1 is not the id of a key"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_exit_2(
    run: Run, arguments: list[str], told: str
) -> None:
    status, out, err = run(*arguments)

    assert status == 2
    assert out == ""
    assert re.fullmatch(r"angarium: [^\n]+\n", err), err
    assert told in err


@pytest.mark.parametrize("group", ["", "keys", "tasks", "apps"])
def test_a_group_without_a_command_shows_its_help(run: Run, group: str) -> None:
    status, out, err = run(*group.split())
    shown = run(*group.split(), "--help")

    assert (status, out) == (2, "")
    assert shown == (0, err, "")
    assert len(err.splitlines()) > 8


def test_a_group_that_is_misspelt_gets_a_suggestion(run: Run) -> None:
    assert run("app", "list") == (
        2,
        "",
        "angarium: No such command 'app'. Did you mean 'apps'? See angarium --help.\n",
    )


def test_the_version_is_also_an_option(run: Run) -> None:
    assert run("--version") == run("version")


def test_help_imports_nothing_of_weight() -> None:
    program = f"import sys, angarium_cli.main; print(set({HEAVY}) & sys.modules.keys())"

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )

    assert done.stdout == "set()\n"


def test_metrics_are_listed_without_what_counts_them() -> None:
    program = f"""
import sys
from angarium_cli.main import main
sys.argv = ["angarium", "metrics"]
try:
    main()
finally:
    print({{*{HEAVY}, "prometheus_client", "redis", "asyncio"}} & sys.modules.keys())
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )

    assert "| `angarium_worker_attempts_total` | counter |" in done.stdout
    assert done.stdout.endswith("\nset()\n")


@pytest.mark.parametrize("service", ["gateway", "dispatcher", "worker"])
def test_settings_import_no_framework_and_no_database(service: str) -> None:
    """`angarium settings` and the check of an environment read them without a service."""
    heavy = {"litestar", "sqlalchemy", "faststream", "redis", "uvicorn", "cryptography"}
    heavy |= {"rich", "structlog"}
    program = f"import sys, angarium_{service}.settings; print({heavy} & sys.modules.keys())"

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )

    assert done.stdout == "set()\n"


def test_it_runs_as_a_module_and_names_its_version() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "angarium_cli", "version"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    assert re.fullmatch(r"\d+\.\d+\.\d+\n", done.stdout)


def test_all_databases_are_migrated_once(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for service in ("gateway", "dispatcher", "worker"):
        url = f"sqlite+aiosqlite:///{tmp_path / service}.db"
        monkeypatch.setenv(URL.format(service.upper()), url)

    first, second = run("migrate"), run("migrate", "all")

    assert first[0] == second[0] == 0
    assert [line.split(":")[0] for line in first[1].splitlines()] == [
        "gateway",
        "dispatcher",
        "worker",
    ]
    assert all("schema version none -> " in line for line in first[1].splitlines())
    assert all("already at schema version" in line for line in second[1].splitlines())


def test_a_plan_and_a_check_migrate_nothing(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = tmp_path / "worker.db"
    monkeypatch.setenv("ANGARIUM_DATABASE_URL", f"sqlite:///{database}")

    planned, checked = run("migrate", "worker", "--plan"), run("migrate", "worker", "--check")
    assert not database.exists()

    assert (planned[0], checked[0]) == (0, 1)
    assert re.match(r"worker: \d+ migrations are pending\n\n  0001, phase before\n  ", planned[1])
    revisions = re.findall(r"^  (\d{4}), phase before$", planned[1], re.MULTILINE)
    assert revisions == sorted(revisions)
    assert planned[1].count("\n  Deploy") == len(revisions)
    assert checked[1] == f"worker: {len(revisions)} migrations are pending\n"

    run("migrate", "worker")
    before = database.read_bytes()
    assert run("migrate", "worker", "--plan", "--check")[:2] == (
        0,
        "worker: at this version's schema\n",
    )
    assert database.read_bytes() == before


def test_a_newer_database_has_no_plan(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANGARIUM_DATABASE_URL", f"sqlite:///{tmp_path / 'worker.db'}")
    run("migrate", "worker")
    with closing(sqlite3.connect(tmp_path / "worker.db")) as connection, connection:
        connection.execute("update alembic_version set version_num = '9999'")

    status, _, err = run("migrate", "worker", "--check")

    assert status == 2
    assert "was made by a newer version of Angarium" in err


def test_nothing_is_migrated_when_one_url_is_missing(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(URL.format("GATEWAY"), f"sqlite:///{tmp_path}/gateway.db")
    monkeypatch.setenv("ANGARIUM_DATABASE_URL", f"sqlite:///{tmp_path}/shared.db")

    status, _, err = run("migrate")

    assert status == 2
    assert "ANGARIUM_DISPATCHER_DATABASE_URL is not set" in err
    assert list(tmp_path.iterdir()) == []


def test_another_services_database_is_refused_and_nothing_is_migrated(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ANGARIUM_DATABASE_URL", f"sqlite:///{tmp_path / 'worker.db'}")
    run("migrate", "worker")
    before = (tmp_path / "worker.db").read_bytes()

    status, out, err = run("migrate", "gateway")

    assert (status, out) == (2, "")
    assert err == (
        "angarium: ANGARIUM_GATEWAY_DATABASE_URL (or ANGARIUM_DATABASE_URL) names the worker's"
        " database; set it to the gateway's own database\n"
    )
    assert (tmp_path / "worker.db").read_bytes() == before


def test_one_wrong_database_of_three_keeps_all_from_being_migrated(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ANGARIUM_DATABASE_URL", f"sqlite:///{tmp_path / 'gateway.db'}")
    run("migrate", "gateway")
    monkeypatch.setenv(URL.format("GATEWAY"), f"sqlite:///{tmp_path / 'new.db'}")
    monkeypatch.setenv(URL.format("DISPATCHER"), f"sqlite:///{tmp_path / 'dispatcher.db'}")
    monkeypatch.setenv(URL.format("WORKER"), f"sqlite:///{tmp_path / 'gateway.db'}")

    status, out, err = run("migrate")

    assert (status, out, "names the gateway's database" in err) == (2, "", True)
    assert [path.name for path in tmp_path.glob("*.db")] == ["gateway.db"]


def test_two_services_with_one_database_are_refused(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for service, name in (("GATEWAY", "a"), ("DISPATCHER", "b"), ("WORKER", "a")):
        monkeypatch.setenv(URL.format(service), f"sqlite:///{tmp_path / name}.db")

    status, out, err = run("migrate")

    assert (status, out, "the gateway and the worker have the same" in err) == (2, "", True)
    assert list(tmp_path.iterdir()) == []


def test_another_key_is_refused_by_migration(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ANGARIUM_DATABASE_URL", f"sqlite:///{tmp_path / 'worker.db'}")
    monkeypatch.setenv("ANGARIUM_ENCRYPTION_KEY", "A" * 43 + "=")
    assert run("migrate", "worker")[0] == 0
    (tmp_path / "key").write_text("B" * 43 + "=")
    monkeypatch.delenv("ANGARIUM_ENCRYPTION_KEY")
    monkeypatch.setenv("ANGARIUM_ENCRYPTION_KEY_FILE", str(tmp_path / "key"))

    status, out, err = run("migrate", "worker")

    assert (status, out) == (2, "")
    assert "is another key than the one that the worker's database was first used with" in err
    assert "set that key again" in err


@pytest.mark.parametrize("command", [["migrate"], ["migrate", "worker"], ["keys", "list"], ["dev"]])
def test_an_unknown_setting_is_refused_with_the_nearest_name(
    run: Run, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    monkeypatch.setenv("ANGARIUM_WORKER_DATABSE_URL", "postgresql://user:hunter2@db/worker")

    status, out, err = run(*command)

    assert (status, out) == (2, "")
    assert err == (
        "angarium: ANGARIUM_WORKER_DATABSE_URL is not a setting; did you mean"
        " ANGARIUM_WORKER_DATABASE_URL?\n"
    )


@pytest.mark.parametrize("service", ["gateway", "dispatcher", "worker"])
def test_a_service_refuses_the_wrong_database_and_the_wrong_key_in_one_line(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, service: str
) -> None:
    other = "worker" if service != "worker" else "gateway"
    monkeypatch.setenv("ANGARIUM_ENCRYPTION_KEY", "A" * 43 + "=")
    for name in (service, other):
        monkeypatch.setenv("ANGARIUM_DATABASE_URL", f"sqlite:///{tmp_path / name}.db")
        run("migrate", name)

    def start() -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "angarium_cli", service]
        return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)

    wrong_database = start()
    monkeypatch.setenv("ANGARIUM_DATABASE_URL", f"sqlite:///{tmp_path / service}.db")
    monkeypatch.setenv("ANGARIUM_ENCRYPTION_KEY", "B" * 43 + "=")
    wrong_key = start()

    for refused, told in (
        (wrong_database, f"names the {other}'s database; set it to the {service}'s own database"),
        (wrong_key, f"is another key than the one that the {service}'s database"),
    ):
        assert refused.returncode == 2
        assert re.fullmatch(r"angarium: [^\n]+\n", refused.stderr), refused.stderr
        assert told in refused.stderr


def test_a_single_service_takes_the_general_url_also_from_a_file(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "url").write_text(f"sqlite:///{tmp_path}/worker.db\n")
    monkeypatch.setenv("ANGARIUM_DATABASE_URL_FILE", str(tmp_path / "url"))

    assert run("migrate", "worker")[0] == 0

    assert (tmp_path / "worker.db").exists()
    monkeypatch.setenv("ANGARIUM_DATABASE_URL_FILE", str(tmp_path / "gone"))
    status, _, err = run("migrate", "worker")
    assert status == 2
    assert "ANGARIUM_DATABASE_URL_FILE names" in err


@pytest.mark.parametrize(
    "url", ["postgresql://nobody:word@127.0.0.1:1/none", "mysql://word@127.0.0.1/none", "word"]
)
def test_an_unusable_database_is_one_line_without_its_password(
    run: Run, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("ANGARIUM_DATABASE_URL", url)

    status, out, err = run("migrate", "gateway")

    assert (status, out) == (2, "")
    assert re.fullmatch(r"angarium: [^\n]+\n", err)
    assert "word" not in err


def test_keys_are_created_listed_and_revoked(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANGARIUM_DATABASE_URL", f"sqlite:///{tmp_path}/gateway.db")
    status, _, err = run("keys", "list")
    assert (status, "angarium migrate gateway" in err) == (2, True)
    run("migrate", "gateway")

    arguments = ("--tenant", "acme", "--scope", "read", "--days", "30")
    status, out, err = run("keys", "create", "billing", *arguments)
    assert (status, out, "there is no tenant acme" in err) == (2, "", True)
    assert run("keys", "list")[1].count("\n") == 1
    status, token, said = run("keys", "create", "billing", "--new-tenant", *arguments)

    assert status == 0
    assert re.fullmatch(r"ang_sk_[A-Za-z0-9]{49}\n", token)
    key_id = re.search(r"key_\w+", said)
    assert key_id is not None
    listed = run("keys", "list")[1]
    minute = r"\d{4}-\d\d-\d\d \d\d:\d\d"
    assert re.search(rf"{key_id[0]} +acme +billing +read +valid +{minute} +{minute}\s*$", listed)
    assert token.strip() not in listed
    assert run("keys", "revoke", key_id[0]) == (0, f"Revoked {key_id[0]}.\n", "")
    assert " revoked " in run("keys", "list", "--tenant", "acme")[1]
    status, _, err = run("keys", "revoke", key_id[0])
    assert (status, "there is no valid key" in err) == (2, True)
    status, _, err = run("keys", "list", "--tenant", "nobody")
    assert (status, "there is no tenant nobody" in err) == (2, True)


def test_a_key_of_one_application_names_an_application_that_exists(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANGARIUM_DATABASE_URL", f"sqlite:///{tmp_path}/gateway.db")
    run("migrate", "gateway")

    for arguments, told in (
        (["--scope", "application"], "give both or neither"),
        (["--application", "acme"], "give both or neither"),
        (["--scope", "application", "--application", "acme"], "has no application acme"),
        (["--scope", "root"], "'root' is not one of"),
        (["--days", "0"], "--days"),
    ):
        status, out, err = run("keys", "create", "a key", "--new-tenant", *arguments)
        assert (status, out) == (2, "")
        assert told in err
    assert run("keys", "list")[1].count("\n") == 1


def test_tenants_are_created_renamed_suspended_and_resumed(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANGARIUM_DATABASE_URL", f"sqlite:///{tmp_path}/gateway.db")
    run("migrate", "gateway")

    status, tenant_id, _ = run("tenants", "create", "acme")
    assert status == 0
    assert re.fullmatch(r"tnt_\w{22}\n", tenant_id)
    status, _, err = run("tenants", "create", "acme")
    assert (status, "there is a tenant acme already" in err) == (2, True)
    assert run("keys", "create", "a key", "--tenant", "acme")[0] == 0
    assert run("tenants", "rename", "acme", "globex")[0] == 0
    assert run("tenants", "suspend", "globex")[0] == 0
    minute = r"\d{4}-\d\d-\d\d \d\d:\d\d"
    listed = run("tenants", "list")[1]
    assert re.search(rf"{tenant_id.strip()} +globex +{minute} +{minute} +none\s*$", listed)
    assert run("tenants", "resume", "globex")[0] == 0
    assert re.search(rf"globex +{minute} +none\s*$", run("tenants", "list")[1])
    limits = ("--messages-per-minute", "6000", "--endpoints", "50")
    status, out, _ = run("tenants", "limit", "globex", *limits)
    assert (status, out) == (0, "Quotas of globex: 6,000 messages/min, 50 endpoints.\n")
    assert "6,000 messages/min, 50 endpoints" in run("tenants", "list")[1]
    assert run("tenants", "limit", "globex", "--endpoints", "0")[0] == 2
    assert run("tenants", "limit", "globex")[1] == "Quotas of globex: none.\n"
    commands = ["suspend", "acme"], ["resume", "acme"], ["rename", "acme", "initech"]
    for command in (*commands, ["delete", "acme", "--yes"]):
        status, _, err = run("tenants", *command)
        assert (status, "there is no tenant acme" in err) == (2, True)
    assert run("tenants", "list")[1].count("\n") == 2
    assert run("tenants", "delete", "globex", "--yes")[0] == 0
    assert run("tenants", "list")[1].count("\n") == 1
    assert run("keys", "create", "a key", "--tenant", "globex")[0] == 2


def test_a_key_of_the_platform_has_no_tenant(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANGARIUM_DATABASE_URL", f"sqlite:///{tmp_path}/gateway.db")
    run("migrate", "gateway")

    status, token, said = run("keys", "create", "ops", "--scope", "platform")

    assert (status, "of the platform" in said) == (0, True)
    assert token.startswith("ang_sk_")
    assert re.search(r"key_\w+ +ops +platform +valid", run("keys", "list")[1])
    assert run("tenants", "list")[1].count("\n") == 1


def test_audit_logs_are_verified_and_exported(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANGARIUM_DATABASE_URL", f"sqlite:///{tmp_path}/gateway.db")
    run("migrate", "gateway")
    run("tenants", "create", "acme")

    status, _, err = run("audit", "verify")
    assert (status, "ANGARIUM_ENCRYPTION_KEY is not set" in err) == (2, True)
    monkeypatch.setenv("ANGARIUM_ENCRYPTION_KEY", "A" * 43 + "=")
    status, out, _ = run("audit", "verify")
    assert (status, out.splitlines()) == (
        0,
        ["acme: intact, 0 entries verified", "(platform): intact, 0 entries verified"],
    )
    assert run("audit", "export", "acme")[:2] == (0, "")
    for arguments in (("verify", "--tenant", "nobody"), ("export", "nobody")):
        status, _, err = run("audit", *arguments)
        assert (status, "there is no tenant nobody" in err) == (2, True)
