"""Sign-ins that were begun here end within ten minutes, or not at all; tokens are not shown."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from angarium_chassis.sealing import Seal
from angarium_gateway.application.tenants.oidc_sign_in import (
    FLOW_LIFE_S,
    OidcRules,
    OidcSignIn,
    SignInRefused,
)
from angarium_gateway.application.tenants.portal_tokens import CreatedPortalToken

BEGAN_AT = datetime(2030, 1, 2, tzinfo=UTC)


class Provider:
    """Keeps the state that it is sent; knows nobody."""

    state = ""

    async def authorization_url(self, *, state: str, **_: Any) -> str:
        self.state = state
        return "https://id.example/authorize"

    async def identity(self, *_: Any, **__: Any) -> Any:
        raise Asked


class Asked(Exception):
    """The state was accepted, and the provider asked."""


@pytest.mark.parametrize("late_s", [-FLOW_LIFE_S, -1, 0, 1, FLOW_LIFE_S])
async def test_a_state_is_accepted_until_it_ends(late_s: float) -> None:
    now, provider = [BEGAN_AT], Provider()
    nobody: Any = None
    roles: Any = ()
    rules = OidcRules("P", "t", roles)
    sign_in = OidcSignIn(provider, nobody, nobody, Seal(bytes(32)), rules, lambda: now[0])
    await sign_in.begin(b"challenge")
    now[0] = BEGAN_AT + timedelta(seconds=FLOW_LIFE_S + late_s)
    if late_s < 0:
        with pytest.raises(Asked):
            await sign_in.end(provider.state, "code")
        return
    refused = await sign_in.end(provider.state, "code")
    assert isinstance(refused, SignInRefused)
    assert refused.code == "sign_in_expired"


def test_a_new_portal_token_is_not_shown() -> None:
    assert "ang_pt_secret" not in repr(CreatedPortalToken(b"i" * 16, "ang_pt_secret"))
