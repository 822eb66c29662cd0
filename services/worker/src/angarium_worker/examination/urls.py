"""Judges a URL under the worker's egress rules, for `angarium doctor url`."""

from angarium_webhooks.egress.egress_rules import AddressVerdict
from angarium_webhooks.egress.host_addresses import look_up
from angarium_webhooks.egress.own_addresses import read_own_addresses
from angarium_webhooks.egress.url_diagnosis import UrlDiagnosis, diagnose
from pydantic import SecretStr

from angarium_worker.settings import Settings

__all__ = ["AddressVerdict", "EgressSettings", "UrlDiagnosis", "diagnose_url"]


class EgressSettings(Settings):
    """The worker's settings; those that have nothing to do with sending may be unset."""

    database_url: SecretStr = SecretStr("")
    encryption_key: SecretStr = SecretStr("")


def diagnose_url(url: str, settings: Settings) -> UrlDiagnosis:
    """Judge a URL as the sender would. Resolves its host, and sends nothing else."""
    return diagnose(
        url,
        settings.egress_rules,
        read_own_addresses(),
        look_up,
        allow_http=settings.allow_http_endpoints,
        allow_streams=settings.stream_destinations,
    )
