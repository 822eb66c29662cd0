"""The services' settings, as each would read them, and what they must agree on."""

from collections.abc import Mapping

from angarium_chassis.sealing import Seal
from angarium_chassis.settings import ServiceSettings, SettingsRefused

from angarium_cli.doctor.finding import Finding, ok, problem
from angarium_cli.doctor.installation import Installation
from angarium_cli.service_names import ServiceName

type SettingsOf = Mapping[ServiceName, ServiceSettings]


def read_settings(
    installation: Installation,
) -> tuple[dict[ServiceName, ServiceSettings], list[Finding]]:
    """The settings that can be read, and what is wrong with the others."""
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
    """What settings that can be read must fulfil together."""
    findings: list[Finding] = []
    for service, each in settings.items():
        found = _key_problem(service, each)
        findings.append(found or ok(f"{service} settings", "They can be read."))
    return findings + _shared(settings)


def _key_problem(service: ServiceName, settings: ServiceSettings) -> Finding | None:
    try:
        Seal.from_base64(settings.encryption_key.get_secret_value())
    except ValueError as error:
        return problem(
            f"{service} settings",
            f"ANGARIUM_ENCRYPTION_KEY cannot be used: {error}.",
            "Set the key that the platform was first started with; without it endpoints' secrets"
            " cannot be read.",
        )
    return None


def _shared(settings: SettingsOf) -> list[Finding]:
    findings: list[Finding] = []
    values: dict[str, set[object]] = {
        "ANGARIUM_REDIS_URL": {each.redis_url for each in settings.values()},
        "ANGARIUM_ENCRYPTION_KEY": {each.encryption_key for each in settings.values()},
        "ANGARIUM_STREAM_COUNT": {each.stream_count for each in settings.values()},
    }
    for name, different in values.items():
        if len(different) > 1:
            findings.append(
                problem(
                    "settings",
                    f"The services do not agree on {name}.",
                    f"Give {name} the same value everywhere.",
                )
            )
    databases = [each.database_url.get_secret_value() for each in settings.values()]
    if len(set(databases)) < len(databases):
        findings.append(
            problem(
                "settings",
                "Two services have the same database.",
                "Give each a database of its own: ANGARIUM_GATEWAY_DATABASE_URL,"
                " ANGARIUM_DISPATCHER_DATABASE_URL, ANGARIUM_WORKER_DATABASE_URL; where only one's"
                " settings are, look at it alone with --service.",
            )
        )
    return findings
