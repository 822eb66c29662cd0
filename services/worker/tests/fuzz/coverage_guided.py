"""The same properties under a coverage-guided fuzzer (atheris, libFuzzer): `make fuzz`.

    coverage_guided.py response|url <seconds> <folder>

The folder keeps what was found from run to run; an input that breaks a property is written there
as `crash-…`, and the exit status is not 0.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["angarium_worker", "angarium_chassis", "idna"]):
    import test_response_fuzzing
    import test_url_fuzzing

SLOW_INPUT_S = 20
RSS_MB_MAX = 512


def response(data: bytes) -> None:
    """The places of the cuts come from the end of the data."""
    provider = atheris.FuzzedDataProvider(data)
    places = [provider.ConsumeIntInRange(0, 4_000) for _ in range(provider.ConsumeIntInRange(0, 8))]
    rest = provider.ConsumeBytes(provider.remaining_bytes())
    test_response_fuzzing.response_survives(rest, places)


def url(data: bytes) -> None:
    """Bytes that are not UTF-8 become lone surrogates."""
    test_url_fuzzing.url_survives(data.decode("utf-8", "surrogateescape"))


def write_dictionary(path: Path, words: Sequence[bytes]) -> None:
    lines = ["".join(f"\\x{octet:02x}" for octet in word) for word in words]
    path.write_text("".join(f'"{line}"\n' for line in lines))


def main(name: str, seconds: str, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    pieces = [piece.encode("utf-8", "surrogatepass") for piece in test_url_fuzzing.PIECES]
    target, words = {
        "response": (response, test_response_fuzzing.FRAGMENTS),
        "url": (url, pieces),
    }[name]
    dictionary = folder.with_suffix(".dict")
    write_dictionary(dictionary, words)
    options = {
        "max_total_time": seconds,
        "timeout": SLOW_INPUT_S,
        "rss_limit_mb": RSS_MB_MAX,
        "dict": dictionary,
        "artifact_prefix": f"{folder}/",
    }
    atheris.Setup(
        [sys.argv[0], *(f"-{key}={value}" for key, value in options.items()), str(folder)], target
    )
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
