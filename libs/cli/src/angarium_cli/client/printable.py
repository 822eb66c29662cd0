"""Text that is safe on a terminal."""


def printable(text: str) -> str:
    """Replace control characters, which could change the terminal."""
    return "".join([each if each.isprintable() else "?" for each in text])
