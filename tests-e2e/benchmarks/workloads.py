"""The workloads: what is posted to the platform, and to how many endpoints."""

from dataclasses import dataclass, replace

_SMALL = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """Requests to the applications in turn, each with one message or a batch of them.

    Without a `rate` (requests a second) each connection posts as soon as it has its answer, at
    most `requests_per_s_max` a second in all where that is given. `production` switches on what
    users do: a key that may only post, quotas, a check against a JSON Schema, traces of one request
    in a hundred, and metrics that are fetched every few seconds. `features` uses what messages and
    endpoints may have: tags, channels, a filter on the payload, a check against a JSON Schema; a
    quarter of the messages each goes to an endpoint with CloudEvents as the format, to one of thin
    events, to one with OAuth 2, and to one that is polled; and the events of the first of the four
    applications are listened to.
    """

    name: str
    about: str
    rate: float | None = None
    requests_per_s_max: float | None = None
    batch: int | None = None
    applications: int = 1
    endpoints_each: int = 1
    body_bytes: int = 1024
    connections: int = 64
    tls: bool = False
    production: bool = False
    features: bool = False

    def count(self, seconds: float) -> int | None:
        """The number of requests that a run of `seconds` posts at most."""
        if self.requests_per_s_max is None:
            return None
        return max(1, int(self.requests_per_s_max * seconds))

    def small(self) -> "Workload":
        """The same with few applications and endpoints: to try it out, not for figures."""
        return replace(
            self,
            applications=min(self.applications, _SMALL),
            endpoints_each=min(self.endpoints_each, _SMALL),
        )


_ALL = (
    Workload(name="full-rate", about="one message a request, as fast as they are accepted"),
    Workload(name="rate-300", about="one message a request, 300 a second", rate=300.0),
    Workload(name="rate-30", about="one message a request, 30 a second", rate=30.0),
    Workload(name="batches-100", about="batches of 100 messages", batch=100, connections=4),
    Workload(
        name="fan-out-1000",
        about="each message goes to 1,000 endpoints",
        endpoints_each=1_000,
        requests_per_s_max=8.0,
    ),
    Workload(
        name="endpoints-10000",
        about="10,000 applications with an endpoint each, in turn",
        applications=10_000,
    ),
    Workload(name="payload-10k", about="payloads of 10 KiB", body_bytes=10 * 1024),
    Workload(
        name="payload-256k",
        about="payloads of 256 KiB",
        body_bytes=256 * 1024,
        connections=8,
    ),
    Workload(name="tls", about="endpoints with TLS, over connections that are kept", tls=True),
    Workload(
        name="production",
        about="a key that only posts, quotas, schema check, metrics, 1 % of requests traced",
        production=True,
    ),
    Workload(
        name="features",
        about="tags, channels, filters, schema check; CloudEvents, thin events, OAuth 2, poller",
        applications=4,
        features=True,
    ),
)
WORKLOADS = {workload.name: workload for workload in _ALL}
