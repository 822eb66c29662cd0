"""Checks of the services' settings, each alone and together."""

from collections.abc import Mapping

from angarium_chassis.examination.findings import Finding, ok, problem
from angarium_chassis.process import StartRefused
from angarium_chassis.sealing import Seal
from angarium_chassis.service import seal_of
from angarium_chassis.settings import ServiceSettings, SettingsRefused

from angarium_cli.installation import Installation
from angarium_cli.services import ServiceName

type SettingsOf = Mapping[ServiceName, ServiceSettings]


def read_settings(
    installation: Installation,
) -> tuple[dict[ServiceName, ServiceSettings], list[Finding]]:
    """The valid settings, and findings about the others."""
    found: dict[ServiceName, ServiceSettings] = {}
    findings: list[Finding] = []
    if installation.problem is not None:
        findings.append(problem("platform", f"{installation.problem}.", "Run `angarium dev`."))
    for service in installation.services:
        try:
            found[service] = installation.settings(service)
        except SettingsRefused as refusal:
            findings += [
                problem(
                    f"{service} settings",
                    f"The {service} refuses to start: {line}.",
                    f"Correct it where the {service} runs; `angarium settings {service}` explains.",
                )
                for line in str(refusal).splitlines()
            ]
    return found, findings


def judge_settings(settings: SettingsOf) -> list[Finding]:
    """Judge valid settings: keys, and the values that all services must share."""
    findings: list[Finding] = []
    for service, each in settings.items():
        found = _key_problem(service, each)
        findings.append(found or ok(f"{service} settings", "They are valid."))
    return findings + _shared(settings)


def seal_or_none(settings: ServiceSettings) -> Seal | None:
    """The seal under a service's key; None for an invalid key, which has its own finding."""
    try:
        return seal_of(settings)
    except StartRefused:
        return None


def _key_problem(service: ServiceName, settings: ServiceSettings) -> Finding | None:
    try:
        seal_of(settings)
    except StartRefused as refused:
        variable, _, reason = str(refused).partition(": ")
        return problem(
            f"{service} settings",
            f"{variable} is invalid: {reason}.",
            "Set the key that the platform was first started with. No other key can read the"
            " endpoints' secrets.",
        )
    return None


def _shared(settings: SettingsOf) -> list[Finding]:
    findings: list[Finding] = []
    values: dict[str, set[object]] = {
        "ANGARIUM_REDIS_URL": {each.redis_url for each in settings.values()},
        "ANGARIUM_ENCRYPTION_KEY": {each.encryption_key for each in settings.values()},
        "ANGARIUM_ENCRYPTION_KEY_FALLBACKS": {
            each.encryption_key_fallbacks for each in settings.values()
        },
        "ANGARIUM_STREAM_COUNT": {each.stream_count for each in settings.values()},
    }
    for name, different in values.items():
        if len(different) > 1:
            findings.append(
                problem(
                    "settings",
                    f"The services have different values of {name}.",
                    f"Set {name} to the same value for every service.",
                )
            )
    databases = [each.database_url.get_secret_value() for each in settings.values()]
    if len(set(databases)) < len(databases):
        findings.append(
            problem(
                "settings",
                "Two services have the same database.",
                "Give each a database of its own: ANGARIUM_GATEWAY_DATABASE_URL,"
                " ANGARIUM_DISPATCHER_DATABASE_URL, ANGARIUM_WORKER_DATABASE_URL. On a host with"
                " the settings of one service only, use --service.",
            )
        )
    return findings
