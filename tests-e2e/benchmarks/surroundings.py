"""The surroundings of a platform in a workload: receivers without and with TLS, a collector, and a
token endpoint."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import trustme
from endpoint_receiver import EndpointReceiver, running_endpoints
from feature_clients import TokenEndpoint, running_tokens
from tools import ReceiverProcess, running_receiver
from workloads import Workload


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Running receivers. `collector` takes traces, and keeps none."""

    plain: EndpointReceiver
    tls: EndpointReceiver
    collector: ReceiverProcess
    authority: Path
    tokens: TokenEndpoint

    def receiver(self, workload: Workload) -> EndpointReceiver:
        """The receiver of the workload's webhooks."""
        return self.tls if workload.tls else self.plain

    def settings(self, workload: Workload) -> dict[str, str]:
        """The environment variables of a platform for the workload."""
        settings = {"ANGARIUM_EXTRA_CA_FILE": str(self.authority)} if workload.tls else {}
        if workload.production:
            settings["ANGARIUM_TRACE_ENDPOINT"] = f"{self.collector.url}/ok/v1/traces"
            settings["ANGARIUM_TRACE_RATIO"] = "0.01"
        return settings


@asynccontextmanager
async def running_surroundings(folder: Path) -> AsyncIterator[Surroundings]:
    """Receivers of their own, with a certificate in `folder`, ended at the end."""
    authority, certificate = folder / "authority.pem", folder / "receiver.pem"
    issuer = trustme.CA()
    issuer.cert_pem.write_to_path(authority)
    issuer.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(certificate)
    certificate.chmod(0o600)
    async with AsyncExitStack() as stack:
        yield Surroundings(
            await stack.enter_async_context(running_endpoints()),
            await stack.enter_async_context(running_endpoints(certificate)),
            await stack.enter_async_context(running_receiver()),
            authority,
            await stack.enter_async_context(running_tokens()),
        )
