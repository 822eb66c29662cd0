"""Posts a number of messages whose payloads cannot be compressed, as fast as they are accepted.

    python capacity_load.py --url http://127.0.0.1:PORT --paths-file FILE --count N

The API key comes from ANGARIUM_TOKEN. The last line of the standard output is a summary as JSON.
Otherwise as load.py, whose filler is one text again and again: a database would store it in a
hundredth of its size.
"""

import argparse
import os
import random
import string
import time
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import uvloop
from event_body import EventBody
from load import Load
from load_connection import RequestWriter

_ANSWER_TIMEOUT_S = 60.0
_ALPHABET = string.ascii_letters + string.digits + "-_"


class RandomEventBody(EventBody):
    """An `EventBody` whose filler is random text of 64 letters."""

    def _text(self, filler: str) -> str:
        chosen = random.Random(len(filler)).choices(_ALPHABET, k=len(filler))
        return super()._text("".join(chosen))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", required=True)
    parser.add_argument("--paths-file", type=Path, required=True)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True, help="the longest it may take")
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--body-bytes", type=int, default=1024)
    return parser.parse_args()


async def _run(given: argparse.Namespace) -> None:
    url = urlsplit(given.url)
    writer = RequestWriter(
        host=url.netloc,
        paths=given.paths_file.read_text().split(),
        token=os.environ["ANGARIUM_TOKEN"],
        body=RandomEventBody(given.body_bytes),
    )
    address = (url.hostname or "", url.port or 80)
    load = Load(writer, address, given.seconds, given.count, _ANSWER_TIMEOUT_S)
    before_s = time.process_time()
    await load.run(given.connections, None)
    summary = load.summary() | {"cpu_s": time.process_time() - before_s}
    print(msgspec.json.encode(summary).decode(), flush=True)


if __name__ == "__main__":
    uvloop.run(_run(_arguments()))
