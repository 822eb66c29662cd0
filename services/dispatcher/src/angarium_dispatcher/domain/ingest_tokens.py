"""Tokens of a source: the one that its URL ends in, and those before it that are still valid."""

from .refusals import RotatedTooOften

type IngestTokens = tuple[tuple[str, float], ...]
"""Hash and end (Unix time in seconds; 0: none) of each token, newest first."""

VALID_AFTER_ROTATION_S = 48 * 3_600
PREVIOUS_MAX = 3


def rotated(tokens: IngestTokens, token_hash: str, now_s: float) -> IngestTokens:
    """The tokens after a rotation. Raises `RotatedTooOften`."""
    ends_s = now_s + VALID_AFTER_ROTATION_S
    previous = tuple(
        (known, expires_at or ends_s)
        for known, expires_at in tokens
        if not expires_at or expires_at > now_s
    )
    if len(previous) > PREVIOUS_MAX:
        raise RotatedTooOften(PREVIOUS_MAX, VALID_AFTER_ROTATION_S // 3_600)
    return ((token_hash, 0.0), *previous)
