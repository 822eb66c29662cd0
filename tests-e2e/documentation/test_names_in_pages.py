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


def test_metrics_exist() -> None:
    listed = set(
        re.findall(r"^\| `(angarium_\w+)`", TEXTS["docs/reference/metrics.md"], re.MULTILINE)
    )
    for page, text in TEXTS.items():
        named = set(re.findall(r"`(angarium_(?:gateway|dispatcher|worker)_\w+)", text))
        assert named <= listed, f"{page}: {named - listed}"
