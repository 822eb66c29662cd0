"""Webhooks that a receiver must accept or refuse, and programs that run a guide's code on them."""

import base64
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from angarium_signing.secret import sign

from ..child_process import bare_environment  # noqa: TID252 - tests are no installed package
from .code_blocks import Block, blocks_of

PAGE = "docs/how-to/verify-signatures.md"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "v1," + "A" * 43 + "="
BODY = '{"name": "Zoë", "cents": 4200}'.encode()


@dataclass(frozen=True)
class Webhook:
    """Headers and body, and whether they are genuine."""

    sent_at: str
    signature: str
    body: bytes
    genuine: bool

    @property
    def headers(self) -> dict[str, str]:
        names = ("webhook-id", "webhook-timestamp", "webhook-signature")
        return dict(zip(names, ("msg_1", self.sent_at, self.signature), strict=True))


def signed(sent_at: int) -> str:
    return sign(base64.b64decode(SECRET.removeprefix("whsec_")), "msg_1", sent_at, BODY)


def webhooks() -> list[Webhook]:
    """A genuine one, one during a rotation, and those that must be refused."""
    now = int(time.time())
    valid = signed(now)
    return [
        Webhook(str(now), valid, BODY, genuine=True),
        Webhook(str(now), f"{OTHER} {valid}", BODY, genuine=True),
        Webhook(str(now), valid, BODY + b" ", genuine=False),
        Webhook(str(now - 600), signed(now - 600), BODY, genuine=False),
        Webhook(str(now + 600), signed(now + 600), BODY, genuine=False),
        Webhook("", valid, BODY, genuine=False),
        Webhook(str(now), "", BODY, genuine=False),
        Webhook(str(now), OTHER, BODY, genuine=False),
        Webhook(str(now), valid.replace("v1,", "v2,"), BODY, genuine=False),
    ]


def block(language: str, number: int = -1) -> Block:
    """A block of the page; by default the last one of its language, without a library."""
    return [each for each in blocks_of(PAGE) if each.language == language][number]


def run(command: list[str], folder: Path) -> None:
    """Run a program that reads a webhook from each line of its input, tab-separated with the body
    in Base64, and prints whether it is genuine."""
    cases = webhooks()
    lines = "\n".join(
        "\t".join([*each.headers.values(), base64.b64encode(each.body).decode()]) for each in cases
    )
    done = subprocess.run(
        command,
        cwd=folder,
        env=bare_environment(WEBHOOK_SECRET=SECRET),
        input=lines + "\n",
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [str(each.genuine).lower() for each in cases]
