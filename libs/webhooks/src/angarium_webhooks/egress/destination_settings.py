"""Settings that decide where webhooks may go: the dispatcher's, which refuses URLs, and the
worker's, which dials."""

from angarium_chassis.settings import ServiceSettings
from pydantic import Field, field_validator

from .egress_rules import EgressRules


class DestinationSettings(ServiceSettings):
    """Settings of services that judge destinations. Set them for the dispatcher and the worker
    alike: an endpoint that only one of them allows is refused, or accepted in vain."""

    allow_http_endpoints: bool = Field(
        default=False,
        description="Allow endpoints with the scheme http. Off in production: payloads and"
        " signatures would travel in the clear. `angarium dev` turns it on.",
    )
    stream_destinations: bool = Field(
        default=False,
        description="Allow endpoints that are Redis or Valkey streams: redis+stream://… and"
        " rediss+stream://….",
    )
    egress_allowed_networks: str = Field(
        default="",
        description="Networks to which webhooks may be sent in addition to the public internet,"
        " such as 127.0.0.0/8,10.0.0.0/8. Name an address of this machine, unless it is loopback,"
        " as /32 or /128.",
    )
    egress_denied_networks: str = Field(
        default="",
        description="Networks to which webhooks are never sent, even if allowed otherwise.",
    )
    egress_allowed_hosts: str = Field(
        default="",
        description="If set, webhooks are sent to these hosts only: example.com,*.example.com. It"
        " does not allow any network.",
    )
    egress_denied_hosts: str = Field(
        default="", description="Hosts to which webhooks are never sent: example.com,*.example.com."
    )
    egress_allowed_ports: str = Field(
        default="", description="If set, webhooks are sent to these ports only: 443,8000-8999."
    )
    egress_denied_ports: str = Field(
        default="", description="Ports to which webhooks are never sent: 25,6000-6999."
    )

    public_url: str | None = Field(
        default=None,
        pattern=r"^https?://[^/?#\s]+(/[^?#\s]*)?$",
        description="The URL at which clients reach the gateway's API, such as"
        " https://webhooks.example.com. Receivers of thin events fetch payloads there; without it,"
        " no endpoint can ask for thin events.",
    )

    @property
    def egress_rules(self) -> EgressRules:
        """Rules for the hosts, ports and addresses that webhooks may reach."""
        return EgressRules.parse(
            _parts(self.egress_allowed_networks),
            _parts(self.egress_denied_networks),
            allowed_hosts=_parts(self.egress_allowed_hosts),
            denied_hosts=_parts(self.egress_denied_hosts),
            allowed_ports=_parts(self.egress_allowed_ports),
            denied_ports=_parts(self.egress_denied_ports),
        )

    @field_validator("egress_allowed_networks", "egress_denied_networks")
    @classmethod
    def _networks_can_be_read(cls, text: str) -> str:
        EgressRules.parse(allowed=_parts(text))
        return text

    @field_validator("egress_allowed_hosts", "egress_denied_hosts")
    @classmethod
    def _hosts_can_be_read(cls, text: str) -> str:
        EgressRules.parse(allowed_hosts=_parts(text))
        return text

    @field_validator("egress_allowed_ports", "egress_denied_ports")
    @classmethod
    def _ports_can_be_read(cls, text: str) -> str:
        EgressRules.parse(allowed_ports=_parts(text))
        return text


def _parts(text: str) -> tuple[str, ...]:
    parts = (part.strip() for part in text.split(","))
    return tuple(part for part in parts if part)
