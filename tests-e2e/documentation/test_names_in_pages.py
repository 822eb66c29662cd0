"""Settings and metrics that the pages name exist."""

import re

from angarium_chassis.known_settings import unknown_settings

from .code_blocks import REPOSITORY, pages
from .command_checks import OF_A_CLIENT, OF_THE_PROXY

# Variables that are read by something else than the services.
OF_TOOLS = {
    "ANGARIUM_IMAGE",  # docker-compose.yml
    "ANGARIUM_PUBLISH",
    "ANGARIUM_PROXY_SUBNET",
    "ANGARIUM_TEST_EXAMPLES",
    "ANGARIUM_TEST_POSTGRES_URL",
    "ANGARIUM_TEST_REDIS_URL",
}
TEXTS = {page: (REPOSITORY / page).read_text() for page in pages() if "/decisions/" not in page}


def test_settings_exist() -> None:
    others = OF_A_CLIENT | OF_THE_PROXY | OF_TOOLS
    for page, text in TEXTS.items():
        named = set(re.findall(r"\bANGARIUM_[A-Z_]*[A-Z](?![A-Z_…<])", text))
        assert unknown_settings(dict.fromkeys(named - others, "")) == [], page


def test_the_figures_of_the_last_run_are_the_same_everywhere() -> None:
    last = re.search(
        r"\*\*(\d+) faults, ([\d,]+) messages accepted, 0 lost, (\d+) received\s+twice\*\*",
        TEXTS["docs/explanation/faults-last-run.md"],
    )
    assert last is not None
    faults, messages, twice = last.groups()

    words = " ".join(TEXTS["README.md"].split())
    assert f"{faults} faults, {messages} messages accepted, 0 lost, {twice} received twice" in words
    words = " ".join(TEXTS["docs/explanation/guarantees.md"].split())
    assert f"{faults} faults under {messages} messages: 0 were lost, and {twice} were" in words


def test_metrics_exist() -> None:
    listed = set(
        re.findall(r"^\| `(angarium_\w+)`", TEXTS["docs/reference/metrics.md"], re.MULTILINE)
    )
    for page, text in TEXTS.items():
        named = set(re.findall(r"`(angarium_(?:gateway|dispatcher|worker)_\w+)", text))
        assert named <= listed, f"{page}: {named - listed}"
