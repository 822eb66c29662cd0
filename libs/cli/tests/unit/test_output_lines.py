"""Output of processes becomes lines, however it is cut, and bounded."""

from angarium_cli.dev.service_process import LINE_BYTES_MAX, LineSplitter
from hypothesis import given
from hypothesis import strategies as st


@given(
    st.lists(st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]))),
    st.data(),
)
def test_lines_come_whole_however_the_bytes_are_cut(lines: list[str], data: st.DataObject) -> None:
    stream = "".join(f"{line}\n" for line in lines).encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=5)))
    splitter = LineSplitter()

    got: list[str] = []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        got += splitter.feed(stream[start:end])

    assert got + splitter.end() == lines


def test_a_last_line_without_an_end_is_not_lost() -> None:
    splitter = LineSplitter()

    assert splitter.feed(b"one\r\ntw") == ["one"]
    assert splitter.feed(b"o") == []
    assert splitter.end() == ["two"]
    assert splitter.end() == []


def test_an_endless_line_is_cut() -> None:
    splitter = LineSplitter()

    lines = [line for _ in range(10) for line in splitter.feed(b"x" * LINE_BYTES_MAX)]
    lines += splitter.end()

    assert "".join(lines) == "x" * (10 * LINE_BYTES_MAX)
    assert max(len(line) for line in lines) <= LINE_BYTES_MAX


def test_bytes_that_are_no_text_do_not_stop_the_output() -> None:
    assert LineSplitter().feed(b"\xff\xfe ok\n") == ["\ufffd\ufffd ok"]
