"""The options of `angarium dev`, and the environment that its services get."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from angarium_cli.dev.ports import LOOPBACK, http_url
from angarium_cli.services import SERVICES, ServiceName

type DatabaseKind = Literal["sqlite", "postgres"]
type LogFormat = Literal["console", "json"]

DEMO_RETRY_SCHEDULE = "1s,2s,5s,5m,30m,2h,5h,10h"
CLUSTER_STREAM_COUNT = "4"
_RETRY_SCHEDULE = "ANGARIUM_RETRY_SCHEDULE"

# Defaults that a caller may override: in development, there is one tenant, receivers are on this
# machine, no load balancer has to notice a stop, and the terminal says itself what starts.
_DEFAULTS = {
    "ANGARIUM_ADMIN_KEYS_OPERATE_PLATFORM": "true",
    "ANGARIUM_DRAIN_S": "0",
    "ANGARIUM_EGRESS_ALLOWED_NETWORKS": "127.0.0.0/8,::1/128",
    "ANGARIUM_ALLOW_HTTP_ENDPOINTS": "true",
    "ANGARIUM_LOG_LEVELS": "process=warning",
    "ANGARIUM_ROOT_LEADS_TO_CONSOLE": "true",
}
# Set for each service here; inherited in another form (…_FILE) they would win over that.
_REPLACED = (
    "ANGARIUM_DATABASE_URL",
    *(f"ANGARIUM_{service.upper()}_DATABASE_URL" for service in SERVICES),
    "ANGARIUM_REDIS_URL",
    "ANGARIUM_ENCRYPTION_KEY",
    "ANGARIUM_ENCRYPTION_KEY_FALLBACKS",
)


@dataclass(frozen=True, slots=True)
class DevOptions:
    """The command's options. `data_dir` is absolute; without `api_key` one is generated."""

    host: str
    port: int
    data_dir: Path
    database: DatabaseKind
    api_key: str | None = field(repr=False)
    demo: bool
    log_format: LogFormat
    cluster: bool = False


def demo_retry_schedule(inherited: Mapping[str, str]) -> str:
    """The worker's retry schedule under --demo: a short one, unless the caller set one."""
    return inherited.get(_RETRY_SCHEDULE, DEMO_RETRY_SCHEDULE)


@dataclass(frozen=True, slots=True)
class Addresses:
    """The addresses of one run."""

    host: str
    port: int
    redis_url: str
    database_urls: dict[ServiceName, str] = field(repr=False)
    internal_ports: dict[ServiceName, int]


def service_environment(
    service: ServiceName,
    inherited: Mapping[str, str],
    addresses: Addresses,
    *,
    encryption_key_path: Path,
    log_format: LogFormat,
    demo: bool,
) -> dict[str, str]:
    """All variables of one service's process.

    Settings in `inherited` apply, except for those that `angarium dev` itself decides. `demo`
    shortens the retry schedule, so that the retries of the demo's failing endpoint can be watched.
    On a cluster, there are as many streams as it takes for each primary to have one.
    Fallback keys are in `encryption-key-fallbacks` beside the key, if that file exists.
    """
    replaced = {name for variable in _REPLACED for name in (variable, f"{variable}_FILE")}
    kept = {name: value for name, value in inherited.items() if name not in replaced}
    # Where receivers of thin events fetch payloads. The gateway itself answers with the host of
    # each request unless the caller says otherwise.
    fetch_defaults = (
        {}
        if service == "gateway"
        else {"ANGARIUM_PUBLIC_URL": http_url(addresses.host, addresses.port)}
    )
    on_cluster = addresses.redis_url.startswith("redis+cluster:")
    cluster_defaults = {"ANGARIUM_STREAM_COUNT": CLUSTER_STREAM_COUNT} if on_cluster else {}
    demo_defaults = {_RETRY_SCHEDULE: DEMO_RETRY_SCHEDULE} if demo else {}
    return (
        _DEFAULTS
        | demo_defaults
        | cluster_defaults
        | fetch_defaults
        | kept
        | {
            "ANGARIUM_DATABASE_URL": addresses.database_urls[service],
            "ANGARIUM_REDIS_URL": addresses.redis_url,
            "ANGARIUM_ENCRYPTION_KEY_FILE": str(encryption_key_path),
            **_fallbacks_beside(encryption_key_path),
            "ANGARIUM_HOST": addresses.host,
            "ANGARIUM_PORT": str(addresses.port),
            "ANGARIUM_INTERNAL_HOST": LOOPBACK,
            "ANGARIUM_INTERNAL_PORT": str(addresses.internal_ports[service]),
            "ANGARIUM_LOG_FORMAT": log_format,
            "PYTHONUNBUFFERED": "1",
        }
    )


def _fallbacks_beside(encryption_key_path: Path) -> dict[str, str]:
    path = encryption_key_path.with_name("encryption-key-fallbacks")
    return {"ANGARIUM_ENCRYPTION_KEY_FALLBACKS_FILE": str(path)} if path.exists() else {}
