"""Settings of a relay: arguments, or environment variables."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from typing import Any, Final
from urllib.parse import urlsplit

PREFIX: Final = "ANGARIUM_OUTBOX_"
_DRIVERS: Final = {
    "postgresql": "postgresql+asyncpg",
    "postgres": "postgresql+asyncpg",
    "postgresql+psycopg2": "postgresql+asyncpg",
    "mysql": "mysql+aiomysql",
    "mysql+pymysql": "mysql+aiomysql",
    "mariadb": "mariadb+aiomysql",
    "sqlite": "sqlite+aiosqlite",
}
"""Asynchronous drivers, by the schemes of URLs that name none or a synchronous one."""


class InvalidSettings(ValueError):
    """A setting is missing or not valid. The text names each variable, and holds no secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RelaySettings:
    """Settings of a relay.

    - `api_url`: the URL of Angarium, such as `https://webhooks.example.com`.
    - `api_key`: an API key that may post messages to all applications.
    - `batch_events_max`, `batch_bytes_max`: limits of one request. The gateway takes 1,000 events
      and, by default, 3 MiB.
    - `read_events_max`, `read_bytes_max`: limits of a read. A sender holds up to three of them.
    - `senders`: how many reads and their requests run at once, each for a part of the lanes.
    - `poll_s`: how often the relay looks for events that nothing woke it for.
    - `lease_s`: after this time without a sign of life, others post the events of a relay.
    - `request_timeout_s`, `backoff_max_s`: of one request, and between failed ones.
    - `keep_accepted_s`: how long accepted events are kept, for `angarium verify --outbox`.
    """

    api_url: str
    api_key: str = field(repr=False)
    batch_events_max: int = 200
    batch_bytes_max: int = 2_000_000
    read_events_max: int = 1_000
    read_bytes_max: int = 8_000_000
    senders: int = 2
    poll_s: float = 0.25
    lease_s: float = 10.0
    request_timeout_s: float = 30.0
    backoff_max_s: float = 30.0
    keep_accepted_s: float = 7 * 86_400.0

    def __post_init__(self) -> None:
        """Raises `InvalidSettings`."""
        faults = [
            f"{PREFIX}{name.upper()} must be from {low:g} to {high:g}; it is {value:g}"
            for name, (low, high) in _LIMITS.items()
            if not low <= (value := getattr(self, name)) <= high
        ]
        if urlsplit(self.api_url).scheme not in ("http", "https"):
            faults.append(f"{PREFIX}API_URL is not a URL; write it as https://webhooks.example.com")
        if not self.api_key or not self.api_key.isascii() or not self.api_key.isprintable():
            faults.append(f"{PREFIX}API_KEY must be an API key of Angarium")
        if faults:
            raise InvalidSettings("; ".join(faults))


_LIMITS: Final[Mapping[str, tuple[float, float]]] = {
    "batch_events_max": (1, 1_000),
    "batch_bytes_max": (1_000, 100_000_000),
    "read_events_max": (100, 10_000),
    "read_bytes_max": (1_000, 1_000_000_000),
    "senders": (1, 32),
    "poll_s": (0.01, 3_600),
    "lease_s": (1, 600),
    "request_timeout_s": (0.1, 600),
    "backoff_max_s": (0.25, 3_600),
    "keep_accepted_s": (0, 10 * 366 * 86_400),
}


@dataclass(frozen=True, slots=True)
class CommandSettings:
    """Settings of the command: the database's URL, those of the relay, and the port on loopback or
    all addresses where metrics are served."""

    database_url: str = field(repr=False)
    relay: RelaySettings | None
    metrics_port: int | None = None
    metrics_host: str = "127.0.0.1"


def read_settings(environment: Mapping[str, str], *, for_relay: bool) -> CommandSettings:
    """Read ANGARIUM_OUTBOX_… variables. Raises `InvalidSettings`, which names every faulty one."""
    names = {each.name for each in fields(RelaySettings)}
    names |= {"database_url", "metrics_port", "metrics_host"}
    given = {
        name.removeprefix(PREFIX).lower(): value
        for name, value in environment.items()
        if name.startswith(PREFIX)
    }
    faults = [_unknown(name, names) for name in sorted(given.keys() - names)]
    needed = ["database_url", *(["api_url", "api_key"] if for_relay else [])]
    faults += [f"{PREFIX}{name.upper()} is not set" for name in needed if not given.get(name)]
    values: dict[str, Any] = {}
    for each in fields(RelaySettings):
        if each.name in given:
            kind: Callable[[str], Any] = each.type if isinstance(each.type, type) else str
            _read(each.name, kind, given[each.name], values, faults)
    port: dict[str, Any] = {}
    if "metrics_port" in given:
        _read("metrics_port", int, given["metrics_port"], port, faults)
    if faults:
        raise InvalidSettings("; ".join(faults))
    return CommandSettings(
        database_url=async_url(given["database_url"]),
        relay=RelaySettings(**values) if for_relay else None,
        metrics_port=port.get("metrics_port"),
        metrics_host=given.get("metrics_host", "127.0.0.1"),
    )


def async_url(url: str) -> str:
    """The URL with an asynchronous driver."""
    scheme, separator, rest = url.partition("://")
    return f"{_DRIVERS.get(scheme, scheme)}{separator}{rest}"


def _read(
    name: str, kind: Callable[[str], Any], text: str, values: dict[str, Any], faults: list[str]
) -> None:
    try:
        values[name] = kind(text.strip())
    except ValueError:
        faults.append(f"{PREFIX}{name.upper()} must be a number")


def _unknown(name: str, known: set[str]) -> str:
    near = get_close_matches(name, known, n=1)
    remedy = f"did you mean {PREFIX}{near[0].upper()}?" if near else "remove it"
    return f"{PREFIX}{name.upper()} is unknown: {remedy}"
