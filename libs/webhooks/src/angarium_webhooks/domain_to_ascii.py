"""The form of a domain name that is looked up: WHATWG's "domain to ASCII" (URL, section 3.3).

UTS 46 without IDNA 2008's list of permitted characters, which leaves out emoji and symbols that
stand in names that are registered and resolve. Pure.
"""

import unicodedata
from typing import Final

import idna

LABEL_CHARS_MAX: Final = 63
_PREFIX: Final = "xn--"
_RIGHT_TO_LEFT: Final = frozenset({"R", "AL", "AN"})
_JOINERS: Final = "\u200c\u200d"


class NotADomain(ValueError):
    """Text that is not a domain name by UTS 46."""


def domain_to_ascii(domain: str) -> str:
    """The name in lower case, every label in ASCII. Raises `NotADomain`.

    Which characters an ASCII label may have, and how long names may be, is not checked.
    """
    try:
        labels = idna.uts46_remap(domain, std3_rules=False).split(".")
        plain = [_decoded(label) for label in labels]
        for label in plain:
            _check(label)
        if any(unicodedata.bidirectional(char) in _RIGHT_TO_LEFT for char in "".join(plain)):
            for label in filter(None, plain):
                idna.check_bidi(label, check_ltr=True)
    # The last two come from CPython's punycode codec.
    except (idna.IDNAError, UnicodeError, OverflowError) as error:
        raise NotADomain(domain) from error
    return ".".join(_encoded(label) for label in plain)


def _decoded(label: str) -> str:
    """The label in Unicode. An A-label must be the one that its Unicode form encodes to."""
    if not label.startswith(_PREFIX):
        return label
    if len(label) > LABEL_CHARS_MAX:
        raise NotADomain(label)
    decoded = label.removeprefix(_PREFIX).encode("ascii").decode("punycode")
    if idna.uts46_remap(decoded, std3_rules=False) != decoded or _encoded(decoded) != label:
        raise NotADomain(label)
    return decoded


def _check(label: str) -> None:
    """UTS 46, section 4.1, for what its mapping has not already settled."""
    # The punycode codec takes time in the square of the length, and adds at least the prefix.
    too_long = not label.isascii() and len(label) > LABEL_CHARS_MAX - len(_PREFIX)
    if too_long or "." in label or label.startswith(_PREFIX):
        raise NotADomain(label)
    if label and unicodedata.category(label[0]).startswith("M"):
        raise NotADomain(label)
    for at, char in enumerate(label):
        if char in _JOINERS and not idna.valid_contextj(label, at):
            raise NotADomain(label)


def _encoded(label: str) -> str:
    return label if label.isascii() else _PREFIX + label.encode("punycode").decode("ascii")
