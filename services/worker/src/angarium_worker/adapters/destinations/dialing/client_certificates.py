"""Client certificates (mTLS): a TLS context for each, made once, kept within bounds."""

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


class ClientCertificate:
    """A certificate chain and its private key as PEM; `repr` shows the digest's beginning."""

    __slots__ = ("digest", "pem")

    def __init__(self, pem: bytes) -> None:
        self.pem = pem
        self.digest = hashlib.sha256(pem).hexdigest()

    def __repr__(self) -> str:
        return f"ClientCertificate({self.digest[:8]})"


class TlsContexts:
    """The context for connections without a client certificate, and one for each certificate.

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

    async def context_for(self, certificate: ClientCertificate | None) -> ssl.SSLContext:
        """Raises SendFailed(CLIENT_CERTIFICATE_UNUSABLE)."""
        if certificate is None:
            return self._plain
        digest = certificate.digest
        ready = self._ready.get(digest)
        if ready is not None:
            self._ready.touch(digest)
            return ready
        task = self._making.get(digest)
        if task is None:
            task = asyncio.create_task(self._make_ready(certificate))
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

    async def _make_ready(self, certificate: ClientCertificate) -> ssl.SSLContext:
        if len(certificate.pem) > self._limits.certificate_bytes_max:
            raise _unusable(f"longer than {self._limits.certificate_bytes_max} bytes")
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._thread, self._with_certificate, certificate)
        except ssl.SSLError as error:
            raise _unusable(error.reason or "not a PEM of a certificate and its key") from None
        except OSError as error:
            raise _unusable(type(error).__name__) from None

    def _with_certificate(self, certificate: ClientCertificate) -> ssl.SSLContext:
        context = self._make()
        with _as_file(certificate.pem) as path:
            # A password of its own keeps OpenSSL from asking the terminal for one.
            context.load_cert_chain(path, password="")
        return context

    def _made(self, digest: str, task: asyncio.Task[ssl.SSLContext]) -> None:
        self._making.pop(digest, None)
        if task.cancelled() or task.exception() is not None:
            return
        self._ready.put(digest, task.result())


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
