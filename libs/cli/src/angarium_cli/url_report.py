"""What `angarium doctor url` tells, under the worker's settings of the environment."""

from dataclasses import dataclass

from angarium_chassis.settings import SettingsRefused
from angarium_worker.adapters.destinations.webhook.egress_rules import AddressVerdict
from angarium_worker.adapters.destinations.webhook.name_resolution import look_up
from angarium_worker.adapters.destinations.webhook.own_addresses import read_own_addresses
from angarium_worker.adapters.destinations.webhook.url_diagnosis import UrlDiagnosis, diagnose
from angarium_worker.settings import Settings
from pydantic import SecretStr

from angarium_cli.failure import CommandFailed


class _EgressSettings(Settings):
    """The worker's settings; what has nothing to do with sending need not be set."""

    database_url: SecretStr = SecretStr("")
    encryption_key: SecretStr = SecretStr("")


@dataclass(frozen=True, slots=True)
class UrlReport:
    """Lines for the terminal, and the answer."""

    lines: tuple[str, ...]
    is_deliverable: bool


def report_on(url: str) -> UrlReport:
    """Judge the URL as the worker would. Raises CommandFailed for settings that are wrong."""
    settings = _settings()
    diagnosis = diagnose(
        url,
        settings.egress_rules,
        read_own_addresses(),
        look_up,
        allow_http=settings.allow_http_endpoints,
    )
    lines = [f"URL        {_url_verdict(diagnosis)}"]
    lines += [f"address    {_address_verdict(verdict)}" for verdict in diagnosis.addresses]
    proxy = settings.egress_proxy
    if proxy is not None:
        lines.append(f"proxy      {proxy.host}:{proxy.port}, to which these addresses are given")
    lines.append(_conclusion(diagnosis))
    return UrlReport(tuple(lines), diagnosis.refusal is None)


def _settings() -> Settings:
    try:
        return _EgressSettings.load("worker")
    except SettingsRefused as refusal:
        raise CommandFailed(str(refusal)) from None


def _url_verdict(diagnosis: UrlDiagnosis) -> str:
    return "refused" if diagnosis.canonical is None else f"accepted as {diagnosis.canonical}"


def _address_verdict(verdict: AddressVerdict) -> str:
    word = "allowed" if verdict.is_allowed else "refused"
    rule = f"{verdict.network}, {verdict.name}" if verdict.network else verdict.name
    return f"{verdict.address}  {word}: {rule}"


def _conclusion(diagnosis: UrlDiagnosis) -> str:
    if diagnosis.refusal is None:
        return "Webhooks would be sent to this URL."
    return f"No webhook would be sent to this URL. {diagnosis.refusal}{_remedy(diagnosis)}"


def _remedy(diagnosis: UrlDiagnosis) -> str:
    """For the operator; a URL's own refusal carries its remedy."""
    refused = [verdict for verdict in diagnosis.addresses if not verdict.is_allowed]
    if not refused:
        return ""
    if any("denied by the operator" in verdict.name for verdict in refused):
        return " It is in ANGARIUM_EGRESS_DENIED_NETWORKS."
    if any("an address of this machine" in verdict.name for verdict in refused):
        return " The operator may name it, as /32 or /128, in ANGARIUM_EGRESS_ALLOWED_NETWORKS."
    return " The operator may open its network with ANGARIUM_EGRESS_ALLOWED_NETWORKS."
