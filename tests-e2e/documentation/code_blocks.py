"""Code blocks of README, CONTRIBUTING and the pages of docs/."""

import re
import shlex
from dataclasses import dataclass
from functools import cache
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
_BLOCK = re.compile(r"^( *)```(\w*)[^\n]*\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_TITLED = re.compile(r'^```python title="([\w.]+)"\n(.*?)^```$', re.MULTILINE | re.DOTALL)
_DEFINITION = re.compile(r"^\w+\(\) \{.*?\}$", re.MULTILINE | re.DOTALL)
_SUBSTITUTION = re.compile(r"\$\([^()]*\)")
_COMMENT = re.compile(r"(^|\s)#.*$", re.MULTILINE)
_ASSIGNMENT = re.compile(r"[A-Z][A-Z_]*=")
_LOOPS = ("for", "do", "done")


@dataclass(frozen=True)
class Block:
    """A code block: `number` counts the blocks of its page from 0."""

    page: str
    number: int
    language: str
    text: str

    @property
    def name(self) -> str:
        """Page and number, for messages."""
        return f"{self.page}#{self.number} ({self.language})"


@cache
def pages() -> tuple[str, ...]:
    """All pages with text of ours, relative to the repository."""
    found = sorted((REPOSITORY / "docs").rglob("*.md"))
    return ("README.md", "CONTRIBUTING.md", *(str(each.relative_to(REPOSITORY)) for each in found))


@cache
def blocks_of(page: str) -> tuple[Block, ...]:
    """The blocks of a page, without their indentation."""
    text = (REPOSITORY / page).read_text()
    return tuple(
        Block(page, number, found[2], re.sub(rf"^{found[1]}", "", found[3], flags=re.MULTILINE))
        for number, found in enumerate(_BLOCK.finditer(text))
    )


def titled(page: str) -> list[tuple[str, str]]:
    """The programs of a page, each with the name of its file."""
    return _TITLED.findall((REPOSITORY / page).read_text())


def commands_of(block: Block) -> list[list[str]]:
    """The commands of a shell block, each as its words; those of a pipe one by one.

    Definitions of functions and what `$(…)` has are left out.
    """
    text = _COMMENT.sub("", _DEFINITION.sub("", block.text.replace("\\\n", " ")))
    lexer = shlex.shlex(_SUBSTITUTION.sub("…", text), posix=True, punctuation_chars="|&;\n")
    lexer.commenters = ""
    lexer.whitespace, lexer.whitespace_split = " \t", True
    found: list[list[str]] = [[]]
    for word in lexer:
        if set(word) <= set("|&;\n"):
            found.append([])
        elif not (word in _LOOPS and not found[-1] and word != "for"):
            found[-1].append(word)
    return [words for words in found if words and words[0] != "for"]


def program_of(command: list[str]) -> str:
    """The program of a command; empty if it only sets variables."""
    words = command[1:] if command[0] == "export" else command
    return next((word for word in words if not _ASSIGNMENT.match(word)), "")


def assignments_of(command: list[str]) -> dict[str, str]:
    """The variables that a command sets."""
    words = [word for word in command if _ASSIGNMENT.match(word)]
    return {name: value for name, _, value in (word.partition("=") for word in words)}
