"""TLS contexts of endpoints with a client certificate (mTLS) or CA certificates of their own: each
made once, kept within bounds."""

import asyncio
import hashlib
import os
import ssl
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from angarium_chassis.lru_cache import LruCache

from angarium_worker.domain.attempt_result import FailureReason

from .failures import SendFailed
from .limits import DialLimits
from .tls_context import private_tls_context


class ClientCertificate:
    """A certificate chain and its private key as PEM; `repr` shows the digest's beginning."""

    __slots__ = ("digest", "pem")

    def __init__(self, pem: bytes) -> None:
        self.pem = pem
        self.digest = hashlib.sha256(pem).hexdigest()

    def __repr__(self) -> str:
        return f"ClientCertificate({self.digest[:8]})"


class CaCertificates:
    """CA certificates as PEM, which an endpoint's server is verified with instead of the system's.
    `repr` shows the digest's beginning."""

    __slots__ = ("digest", "pem")

    def __init__(self, pem: bytes) -> None:
        self.pem = pem
        self.digest = hashlib.sha256(pem).hexdigest()

    def __repr__(self) -> str:
        return f"CaCertificates({self.digest[:8]})"


class TlsContexts:
    """The context for connections without certificates of their own, and one for each pair of a
    client certificate and CA certificates.

    `make` gives a new context with the same trust. It and the reading of a certificate take
    tens of milliseconds, so that they run in a thread; one at a time is enough.
    """

    def __init__(
        self, plain: ssl.SSLContext, make: Callable[[], ssl.SSLContext], limits: DialLimits
    ) -> None:
        self._plain = plain
        self._make = make
        self._limits = limits
        self._ready: LruCache[str, ssl.SSLContext] = LruCache(
            limits.certificate_contexts_cached_max
        )
        self._making: dict[str, asyncio.Task[ssl.SSLContext]] = {}
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="certificates")

    async def context_for(
        self, certificate: ClientCertificate | None, ca: CaCertificates | None = None
    ) -> ssl.SSLContext:
        """Raises SendFailed(CLIENT_CERTIFICATE_UNUSABLE or CA_CERTIFICATES_UNUSABLE)."""
        if certificate is None and ca is None:
            return self._plain
        digest = " ".join(["" if each is None else each.digest for each in (certificate, ca)])
        ready = self._ready.get(digest)
        if ready is not None:
            self._ready.touch(digest)
            return ready
        task = self._making.get(digest)
        if task is None:
            task = asyncio.create_task(self._make_ready(certificate, ca))
            self._making[digest] = task
            task.add_done_callback(lambda done: self._made(digest, done))
        # One attempt's deadline must not end what others wait for.
        return await asyncio.shield(task)

    async def aclose(self) -> None:
        """Give up what is being made."""
        tasks = list(self._making.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _make_ready(
        self, certificate: ClientCertificate | None, ca: CaCertificates | None
    ) -> ssl.SSLContext:
        loop = asyncio.get_running_loop()
        context = await loop.run_in_executor(self._thread, self._trusting, ca)
        if certificate is None:
            return context
        if len(certificate.pem) > self._limits.certificate_bytes_max:
            raise _unusable(f"longer than {self._limits.certificate_bytes_max} bytes")
        try:
            await loop.run_in_executor(self._thread, _load_certificate, context, certificate)
        except ssl.SSLError as error:
            raise _unusable(error.reason or "not a PEM of a certificate and its key") from None
        except OSError as error:
            raise _unusable(type(error).__name__) from None
        return context

    def _trusting(self, ca: CaCertificates | None) -> ssl.SSLContext:
        if ca is None:
            return self._make()
        try:
            return private_tls_context(ca.pem.decode("ascii"))
        except (OSError, ValueError) as error:
            words = getattr(error, "reason", None) or type(error).__name__
            raise SendFailed(FailureReason.CA_CERTIFICATES_UNUSABLE, words) from None

    def _made(self, digest: str, task: asyncio.Task[ssl.SSLContext]) -> None:
        self._making.pop(digest, None)
        if task.cancelled() or task.exception() is not None:
            return
        self._ready.put(digest, task.result())


def _load_certificate(context: ssl.SSLContext, certificate: ClientCertificate) -> None:
    with _as_file(certificate.pem) as path:
        # A password of its own keeps OpenSSL from asking the terminal for one.
        context.load_cert_chain(path, password="")


def _unusable(why: str) -> SendFailed:
    return SendFailed(FailureReason.CLIENT_CERTIFICATE_UNUSABLE, why)


@contextmanager
def _as_file(content: bytes) -> Iterator[str]:
    """A path for what is read from files only; where the system can, in memory only."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("client certificate")
        try:
            os.write(descriptor, content)
            yield f"/proc/self/fd/{descriptor}"
        finally:
            os.close(descriptor)
    else:
        with tempfile.NamedTemporaryFile() as file:  # mode 0600
            file.write(content)
            file.flush()
            yield file.name
