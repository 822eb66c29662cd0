"""The certificate of a port, which is replaced while the port is open when its files change."""

import asyncio
import ssl
from datetime import UTC, datetime
from typing import Final

import structlog

from .certificate_files import (
    CertificateFiles,
    CertificateRefused,
    SettingNames,
    check_certificate,
)

CHECK_EVERY_S: Final = 10.0
EXPIRES_SOON_DAYS: Final = 14

log = structlog.get_logger()

type _Versions = tuple[tuple[int, int, int], ...]


class ServerCertificate:
    """The TLS context of a port. Connections that are open keep the certificate they began with.

    Raises `CertificateRefused` for files that cannot be used.
    """

    def __init__(self, files: CertificateFiles, names: SettingNames) -> None:
        self._files = files
        self._names = names
        self._versions = self._read_versions()
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2
        self.context.set_alpn_protocols(["http/1.1"])
        self._load()

    async def run(self, *, check_every_s: float = CHECK_EVERY_S) -> None:
        """Load the files again whenever they change, until cancelled."""
        while True:
            await asyncio.sleep(check_every_s)
            self.reload_if_changed()

    def reload_if_changed(self) -> bool:
        """Load the files if they have changed since they were last read. A certificate that cannot
        be used is logged, and the previous one stays. Returns True for a new certificate."""
        versions = self._read_versions()
        if versions == self._versions:
            return False
        self._versions = versions
        try:
            self._load()
        except CertificateRefused as refusal:
            log.warning("tls.certificate_refused", reason=str(refusal))
            return False
        return True

    def _load(self) -> None:
        expires_at = check_certificate(self._files, self._names)
        files = self._files
        try:
            self.context.load_cert_chain(
                files.certificate, files.key, password=files.password or ""
            )
        except (ssl.SSLError, OSError) as error:
            raise CertificateRefused(
                f"{self._names.certificate}: {files.certificate} cannot be used ({error.strerror});"
                " correct it"
            ) from error
        left = expires_at - datetime.now(UTC)
        say = log.warning if left.days < EXPIRES_SOON_DAYS else log.info
        say("tls.certificate_loaded", expires_at=f"{expires_at:%Y-%m-%dT%H:%M:%SZ}")

    def _read_versions(self) -> _Versions:
        paths = [self._files.certificate, self._files.key or self._files.certificate]
        found = []
        for path in paths:
            try:
                status = path.stat()
                found.append((status.st_mtime_ns, status.st_size, status.st_ino))
            except OSError:
                found.append((0, 0, 0))
        return tuple(found)
