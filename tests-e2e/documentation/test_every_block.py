"""Every code block of the documentation is run by a test, or checked as far as it can be here."""

import json
import re
import subprocess
import sys
import tomllib
from html.parser import HTMLParser
from pathlib import Path

import pytest

from .code_blocks import (
    REPOSITORY,
    Block,
    assignments_of,
    blocks_of,
    commands_of,
    pages,
    program_of,
)
from .command_checks import CHECKS, check_sdk_calls, check_tutorial_script, check_variables
from .run_blocks import PYTHON, SHELL, WITH_GATEWAY_SETTINGS

NODE = Path(sys.executable).with_name("node")
GUIDES = "tests-e2e/repository/test_how_to_guides.py"
OPERATION = "tests-e2e/deployment/test_operation_guides.py"
BACKUP = "tests-e2e/deployment/test_backup_guide.py"
PROXY = "tests-e2e/deployment/test_proxy_guide.py"
REFERENCE = "tests-e2e/reference/test_reference_pages.py"
WALK = "tests-e2e/documentation/walk_programs.py"
SIGNATURES = "tests-e2e/documentation/signed_webhooks.py"
COMMAND_LINE = "tests-e2e/command_line/test_guide.py"
ROTATION = "tests-e2e/deployment/test_rotation_guide.py"
TUTORIAL = "tests-e2e/repository/test_tutorial.py"
BACKGROUND_TASK = "tests-e2e/documentation/test_replace_background_task.py"

# Tests that take all blocks of a page in a language, and run or check them.
TAKEN: dict[tuple[str, str], str] = {
    **{
        (f"docs/how-to/{page}.md", "sh"): GUIDES
        for page in (
            "filter-messages",
            "poll-messages",
            "post-from-a-transaction",
            "post-in-batches-and-check-schemas",
            "set-schedules-order-limits",
            "use-destinations",
            "use-streams",
        )
    },
    ("docs/how-to/poll-messages.md", "python"): GUIDES,
    ("docs/how-to/post-from-a-transaction.md", "python"): GUIDES,
    ("docs/how-to/resend-and-cancel.md", "python"): GUIDES,
    ("docs/how-to/receive-webhooks.md", "sh"): GUIDES,
    ("docs/how-to/replace-a-background-task.md", "sh"): BACKGROUND_TASK,
    ("docs/how-to/replace-a-background-task.md", "python"): BACKGROUND_TASK,
    ("docs/how-to/back-up-and-restore.md", "ini"): BACKUP,
    ("docs/how-to/back-up-and-restore.md", "sh"): BACKUP,
    ("docs/how-to/deliver-to-a-stream.md", "python"): (
        "services/worker/tests/integration/delivery/test_delivery_to_streams.py"
    ),
    ("docs/how-to/rotate-secrets.md", "sh"): ROTATION,
    ("docs/how-to/run-behind-a-proxy.md", "nginx"): PROXY,
    ("docs/how-to/run-behind-a-proxy.md", "caddyfile"): OPERATION,
    ("docs/how-to/run-as-processes.md", "sh"): WALK,
    ("docs/how-to/run-as-processes.md", "yaml"): WALK,
    ("docs/how-to/run-on-kubernetes.md", "yaml"): OPERATION,
    ("docs/how-to/run-on-kubernetes.md", "sh"): OPERATION,
    ("docs/how-to/run-with-docker-compose.md", "sh"): OPERATION,
    ("docs/how-to/use-the-command-line.md", "sh"): COMMAND_LINE,
    ("docs/reference/streams.md", "json"): REFERENCE,
    ("docs/reference/command-line.md", "text"): REFERENCE,
    **{
        ("docs/how-to/verify-signatures.md", language): SIGNATURES
        for language in ("python", "js", "json", "go", "java", "ruby", "php")
    },
    ("docs/tutorial/first-webhook.md", "python"): TUTORIAL,
}

# Blocks that show something and are not there to be run, by page and number.
SHOWN = {
    "README.md#0": "clones this repository",
    "docs/how-to/connect-with-tls.md#2": "an ACL file of Redis, which test_tls_connections.py has",
    "docs/how-to/develop-with-listen.md#1": "what `listen` prints",
    "docs/explanation/security.md#0": "the output of a command, for addresses that differ",
    "docs/how-to/erase-data.md#3": "upkeep of Postgres and Valkey; test_erasure.py does the same",
    "docs/how-to/formats-and-authentication.md#3": "a request beside its answer",
    "docs/how-to/give-customers-the-portal.md#6": "one element of a React page",
    "docs/how-to/manage-access.md#11": "headers of an answer",
    "docs/how-to/operate.md#1": "the internal port, of which test_profiling.py has the calls",
    "docs/how-to/operate.md#2": "a profile of a process in a container",
    "docs/how-to/operate.md#8": "the same as in the guide to backups",
    "docs/how-to/post-from-a-transaction.md#0": "installs a package",
    "docs/how-to/rotate-secrets.md#1": "settings of a service, which test_key_rotation.py has",
    "docs/how-to/rotate-secrets.md#2": "the same",
    "docs/how-to/rotate-secrets.md#6": "the same",
    "docs/how-to/rotate-secrets.md#7": "values of the chart",
    "docs/how-to/rotate-secrets.md#9": "a job of a Kubernetes",
    "docs/how-to/rotate-secrets.md#17": "commands of Redis",
    "docs/how-to/rotate-secrets.md#18": "statements for a Postgres of one's own",
    "docs/how-to/run-as-processes.md#4": "a unit of systemd",
    "docs/how-to/run-postgres.md#2": "a configuration of PgBouncer; pooler_programs.py has one",
    "docs/how-to/run-postgres.md#3": "statements for a Postgres of one's own",
    "docs/how-to/run-postgres.md#6": "settings of a Postgres of one's own",
    "docs/how-to/search-and-watch.md#2": "the beginning of a stream of events",
    "docs/how-to/size.md#0": "arithmetic",
    "docs/how-to/size.md#1": "arithmetic",
    "docs/how-to/size.md#2": "arithmetic",
}

INSTALLED = {"svix"} | {
    tomllib.loads(each.read_text())["project"]["name"]
    for each in REPOSITORY.glob("libs/*/pyproject.toml")
}
"""Packages that the documentation lets readers install."""

BLOCKS = [block for page in pages() for block in blocks_of(page)]


def _key(block: Block) -> str:
    return f"{block.page}#{block.number}"


def _is_run(block: Block) -> bool:
    numbers = {
        number
        for table in (SHELL, WITH_GATEWAY_SETTINGS, PYTHON)
        for number in table.get(block.page, ())
    }
    return block.number in numbers


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.name)
def test_a_block_is_accounted_for(block: Block, tmp_path: Path) -> None:
    if _is_run(block) or (block.page, block.language) in TAKEN or _key(block) in SHOWN:
        return
    match block.language:
        case "sh" | "bash":
            _check_commands(block)
        case "json":
            json.loads(block.text if block.text.startswith(("{", "[")) else f"{{{block.text}}}")
        case "python":
            check_sdk_calls(block.text)
        case "js":
            (tmp_path / "block.mjs").write_text(block.text)
            subprocess.run([NODE, "--check", tmp_path / "block.mjs"], check=True, timeout=60)
        case "html":
            HTMLParser().feed(block.text)
        case "toml":
            tomllib.loads(block.text)
        case "" if block.page == "README.md":
            _check_tree(block)
        case _:
            pytest.fail(f"no test runs or checks {block.name}: add it to run_blocks.py, or a check")


def _check_commands(block: Block) -> None:
    for command in commands_of(block):
        check_variables(assignments_of(command))
        program = program_of(command)
        if not program:
            continue
        if program == ".venv/bin/python":
            check = check_tutorial_script(block.page)
        elif program == "pip":
            assert command[1] == "install"
            assert re.split(r"[\[>=]", command[2])[0] in INSTALLED
            continue
        else:
            assert program in CHECKS, f"{block.name}: no test runs or checks `{program}`"
            check = CHECKS[program]
        check(command[command.index(program) :])


def _check_tree(block: Block) -> None:
    """A list of files and folders: of the repository, or of each service."""
    for line in block.text.splitlines():
        name = line.partition("  ")[0]
        if not name or line.startswith(" "):
            continue
        within = [REPOSITORY, *REPOSITORY.glob("services/*/src/*")]
        assert any(list(each.glob(re.sub(r"<\w+>", "*", name))) for each in within), name


@pytest.mark.parametrize(("page", "language"), TAKEN)
def test_a_test_that_takes_blocks_names_their_page(page: str, language: str) -> None:
    test = (REPOSITORY / TAKEN[page, language]).read_text()

    assert Path(page).stem in test
    assert any(block.language == language for block in blocks_of(page))


def test_what_is_only_shown_exists() -> None:
    keys = {_key(block) for block in BLOCKS}

    assert set(SHOWN) <= keys
    assert all(
        {block.number for block in blocks_of(page)} >= set(numbers)
        for table in (SHELL, WITH_GATEWAY_SETTINGS, PYTHON)
        for page, numbers in table.items()
    )


def test_the_pages_of_calls_have_nothing_but_calls() -> None:
    taken = [page for (page, language), by in TAKEN.items() if (language, by) == ("sh", GUIDES)]
    for page in taken:
        programs = {
            program_of(command)
            for block in blocks_of(page)
            if block.language == "sh"
            for command in commands_of(block)
        }
        assert programs <= {"call"} or page.endswith(("receive-webhooks.md", "transaction.md")), (
            page
        )
