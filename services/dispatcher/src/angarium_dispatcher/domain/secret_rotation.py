"""Rotation of an endpoint's secrets: which sign, and until when. Pure."""

from dataclasses import replace
from typing import Final

from .endpoint import Endpoint
from .refusals import InvalidField

SECRETS_MAX: Final = 10
GRACE_S_MAX: Final = 7 * 86_400
"""Limit of the Svix API."""


def rotated(endpoint: Endpoint, sealed_secret: bytes, *, now_s: float, grace_s: int) -> Endpoint:
    """The endpoint with a new secret at the front.

    The previous secret signs until `grace_s` after `now_s`. Secrets of earlier rotations keep
    their end, and expired ones are dropped. Raises `InvalidField` beyond `SECRETS_MAX`.
    """
    if not 0 <= grace_s <= GRACE_S_MAX:
        raise InvalidField("grace_s", f"The grace period must be from 0 to {GRACE_S_MAX} seconds.")
    secrets, expire_at = [sealed_secret], [0.0]
    ends = endpoint.secrets_expire_at or (0.0,) * len(endpoint.sealed_secrets)
    for sealed, end_s in zip(endpoint.sealed_secrets, ends, strict=True):
        signs_until_s = end_s or now_s + grace_s
        if signs_until_s > now_s:
            secrets.append(sealed)
            expire_at.append(signs_until_s)
    if len(secrets) > SECRETS_MAX:
        raise InvalidField(
            "grace_s",
            f"{SECRETS_MAX} secrets sign already, the most an endpoint may have; wait until one"
            " expires, or give 0 to end the current one at once.",
        )
    return replace(
        endpoint,
        sealed_secrets=tuple(secrets),
        secrets_expire_at=tuple(expire_at) if any(expire_at) else (),
    )
