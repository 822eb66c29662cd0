"""Code blocks of the guides."""

import re

from .compose_file import REPOSITORY

GUIDES = REPOSITORY / "docs/how-to"
_BLOCK = re.compile(r"^( *)```(\w+)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


def blocks(page: str, language: str) -> list[str]:
    """The blocks of a page in a language, without their indentation."""
    text = (GUIDES / page).read_text()
    return [
        re.sub(rf"^{indentation}", "", block, flags=re.MULTILINE)
        for indentation, found, block in _BLOCK.findall(text)
        if found == language
    ]


def commands(page: str) -> list[str]:
    """The lines of the shell blocks of a page, with continued ones in one."""
    joined = "\n".join(blocks(page, "sh")).replace("\\\n", " ")
    return [line.strip() for line in joined.splitlines() if line.strip()]
