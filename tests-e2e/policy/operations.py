"""What an operational endpoint of a test was told."""

from typing import Any

from .scripted_receiver import Reception, ScriptedReceiver

OPS = "/operations"


class Operations:
    """An operational endpoint of the tenant. Others' events come to it as well."""

    def __init__(self, hooks: ScriptedReceiver, secret: str) -> None:
        self._hooks = hooks
        self._secret = secret

    def told(self, endpoint: str, kind: str) -> dict[str, Any]:
        """What was told of an endpoint by an event of this kind, once it was; its signature is
        checked."""

        def wanted(receptions: list[Reception]) -> list[dict[str, Any]]:
            events = [one.verify(self._secret) for one in receptions]
            return [
                event["data"]
                for event in events
                if event["type"] == kind and event["data"]["endpointId"] == endpoint
            ]

        receptions = self._hooks.wait(OPS, lambda found: bool(wanted(list(found))))
        (data,) = wanted(receptions)
        return data

    def kinds(self, endpoint: str) -> list[str]:
        """What was told of an endpoint, in the order in which it came."""
        events = [one.verify(self._secret) for one in self._hooks.at(OPS)]
        return [each["type"] for each in events if each["data"]["endpointId"] == endpoint]
