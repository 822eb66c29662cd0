"""Certificates that a webhook names by their URL: fetched from the sender only, and kept."""

import http.client
import threading
import time
import urllib.error
import urllib.request
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from .errors import CertificateUnavailable

TIMEOUT_S: Final = 5
BYTES_MAX: Final = 65_536
KEPT_MAX: Final = 16
KEPT_S: Final = 86_400

type Fetch = Callable[[str], bytes]
"""Gives the body at an https URL that was checked before. Raises CertificateUnavailable."""


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        """Follow none: only the address that was checked is trusted."""


_opener: Final = urllib.request.build_opener(_NoRedirects)


def fetch_https(url: str) -> bytes:
    """Fetch a small document, without redirects. Raises CertificateUnavailable."""
    if not url.startswith("https://"):
        raise CertificateUnavailable("Only https URLs are fetched.")
    try:
        with _opener.open(url, timeout=TIMEOUT_S) as response:
            body: bytes = response.read(BYTES_MAX + 1)
    except (OSError, urllib.error.URLError, http.client.HTTPException) as error:
        raise CertificateUnavailable(f"The sender's server did not answer: {error}") from error
    if len(body) > BYTES_MAX:
        raise CertificateUnavailable("The sender's document is larger than a certificate.")
    return body


class CertificateCache:
    """Keeps the last certificates for a day, so that most webhooks need no request."""

    def __init__(self, fetch: Fetch, clock: Callable[[], float] = time.monotonic) -> None:
        self._fetch = fetch
        self._clock = clock
        self._kept: OrderedDict[str, tuple[float, bytes]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, url: str) -> bytes:
        """The PEM at a URL. Raises CertificateUnavailable."""
        with self._lock:
            kept = self._kept.get(url)
            if kept is not None and self._clock() - kept[0] < KEPT_S:
                self._kept.move_to_end(url)
                return kept[1]
        pem = self._fetch(url)
        with self._lock:
            self._kept[url] = (self._clock(), pem)
            while len(self._kept) > KEPT_MAX:
                self._kept.popitem(last=False)
        return pem
