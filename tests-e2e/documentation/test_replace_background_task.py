"""docs/how-to/replace-a-background-task.md, from its first command to its last."""

import socket
import sqlite3
from contextlib import closing
from pathlib import Path
from uuid import uuid4

from ..child_process import run_angarium  # noqa: TID252 - tests are no installed package
from ..dev_platform import DevPlatform  # noqa: TID252
from ..waiting import until  # noqa: TID252
from .code_blocks import blocks_of, titled
from .guided_shell import PATH
from .terminals import Terminals

PAGE = "docs/how-to/replace-a-background-task.md"
BOOKS, RELAY = "flask", "angarium-outbox relay"
WAIT_S = 120
BOOKS_RUN = "Running on http://127.0.0.1"


def booked(folder: Path) -> list[tuple[str, int]]:
    with closing(sqlite3.connect(folder / "books.db")) as database:
        return database.execute("SELECT order_id, cents FROM bookings ORDER BY 1").fetchall()


def free_port() -> int:
    with closing(socket.socket()) as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def test_the_guide_works_as_written(guides_platform: DevPlatform, tmp_path: Path) -> None:
    made = run_angarium(
        ["keys", "create", "shop", "--new-tenant", "--tenant", uuid4().hex],
        ANGARIUM_GATEWAY_DATABASE_URL=str(guides_platform.state["database_urls"]["gateway"]),
    )
    assert made.returncode == 0, made.stderr
    port = free_port()
    real = {
        "http://127.0.0.1:8080": guides_platform.url,
        "<API key>": made.stdout.strip(),
        "127.0.0.1:9000": f"127.0.0.1:{port}",
        "--port 9000": f"--port {port}",
    }
    (tmp_path / ".angarium").symlink_to(guides_platform.data_dir)
    old_shop, old_books, new_books, new_shop = titled(PAGE)
    shells = [block for block in blocks_of(PAGE) if block.language == "sh"]
    install, start_books, *shells = shells
    pay_first, pay_lost, start_platform, register, receive, post, *shells = shells
    pay_posted, pay_waiting, receive_again, resend, compare = shells
    assert "pip install" in install.text
    assert start_platform.text == "angarium dev\n"

    def save(script: tuple[str, str]) -> None:
        name, text = script
        (tmp_path / name).write_text(text.replace("127.0.0.1:9000", f"127.0.0.1:{port}"))

    with Terminals(tmp_path, PATH, (BOOKS, RELAY), real) as terminals:

        def books_run() -> None:
            until(terminals.started(BOOKS, BOOKS_RUN), WAIT_S, "the bookkeeping runs")

        save(old_shop)
        save(old_books)
        terminals.run(start_books)
        books_run()
        terminals.run(pay_first)
        assert booked(tmp_path) == [("ord_1", 4200)]
        terminals.stop(BOOKS)
        assert terminals.run(pay_lost).count("ord_2 is not delivered") == 3

        terminals.run(register)
        save(new_books)
        terminals.run(receive)
        books_run()
        save(new_shop)
        terminals.run(post)
        terminals.run(pay_posted)
        expected = [("ord_1", 4200), ("ord_3", 1500)]
        until(lambda: booked(tmp_path) == expected, WAIT_S, "ord_3 is booked")

        terminals.stop(BOOKS)
        terminals.run(pay_waiting)
        terminals.run(receive_again)
        expected.append(("ord_4", 900))
        until(lambda: booked(tmp_path) == expected, WAIT_S, "ord_4 is booked")

        def answers() -> int:
            printed = (tmp_path / f"{BOOKS}.txt").read_text()
            return printed.count('"POST /webhooks HTTP/1.1" 200')

        # The server tells of an answer after it has booked.
        until(lambda: answers() == 1, WAIT_S, "ord_4 is answered")
        terminals.run(resend)
        until(lambda: answers() == 2, WAIT_S, "the message is delivered once more")
        assert booked(tmp_path) == expected
        compared = terminals.run(compare)

    assert "2 accepted events, 0 pending, 0 set aside" in compared
    assert "Outboxes and journal agree." in compared
