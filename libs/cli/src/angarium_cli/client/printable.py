"""Text that is safe on a terminal."""


def printable(text: str) -> str:
    """Text without characters that a terminal obeys."""
    return "".join([each if each.isprintable() else "?" for each in text])
