"""The report of `angarium doctor url`."""

from dataclasses import dataclass

from angarium_chassis.settings import SettingsRefused
from angarium_worker.examination.urls import (
    AddressVerdict,
    EgressSettings,
    UrlDiagnosis,
    diagnose_url,
)

from angarium_cli.failure import CommandFailed


@dataclass(frozen=True, slots=True)
class UrlReport:
    """Lines for the terminal, and the verdict."""

    lines: tuple[str, ...]
    is_deliverable: bool


def report_on(url: str) -> UrlReport:
    """Judge the URL as the worker would. Raises CommandFailed for invalid settings."""
    try:
        settings = EgressSettings.load("worker")
    except SettingsRefused as refusal:
        raise CommandFailed(str(refusal)) from None
    diagnosis = diagnose_url(url, settings)
    lines = [f"URL        {_url_verdict(diagnosis)}"]
    lines += [f"address    {_address_verdict(verdict)}" for verdict in diagnosis.addresses]
    proxy = settings.egress_proxy
    if proxy is not None:
        lines.append(f"proxy      {proxy.host}:{proxy.port}, which is asked for these addresses")
    lines.append(diagnosis.conclusion)
    return UrlReport(tuple(lines), diagnosis.refusal is None)


def _url_verdict(diagnosis: UrlDiagnosis) -> str:
    return "refused" if diagnosis.canonical is None else f"accepted as {diagnosis.canonical}"


def _address_verdict(verdict: AddressVerdict) -> str:
    word = "allowed" if verdict.is_allowed else "refused"
    rule = f"{verdict.network}, {verdict.name}" if verdict.network else verdict.name
    return f"{verdict.address}  {word}: {rule}"
