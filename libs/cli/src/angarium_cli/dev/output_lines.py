"""What a process writes, as lines."""

LINE_BYTES_MAX = 16 * 1024


class LineSplitter:
    """Cuts a stream of bytes into lines. Longer ones than 16 KiB are cut there."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[str]:
        """The lines that `data` completes, without their ends."""
        *complete, self._rest = (self._rest + data).split(b"\n")
        lines = [piece for line in complete for piece in _pieces(line)]
        if len(self._rest) > LINE_BYTES_MAX:
            *long, self._rest = _pieces(self._rest)
            lines += long
        return [line.decode(errors="replace").rstrip("\r") for line in lines]

    def end(self) -> list[str]:
        """The last line, when it was not completed."""
        rest, self._rest = self._rest, b""
        return [rest.decode(errors="replace")] if rest else []


def _pieces(line: bytes) -> list[bytes]:
    return [line[at : at + LINE_BYTES_MAX] for at in range(0, len(line), LINE_BYTES_MAX)] or [b""]
