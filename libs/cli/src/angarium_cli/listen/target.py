"""Target of the deliveries: a port or URL of this machine."""

import ipaddress
from typing import Final

import httpx

from angarium_cli.failure import CommandFailed

_PORT_MAX: Final = 65_535


def target_url(written: str, path: str | None, *, allow_remote: bool) -> httpx.URL:
    """The URL of `3000`, `localhost:3000/hook` or `https://localhost:3000`, perhaps with another
    path.

    Raises CommandFailed for what is no URL, and without `allow_remote` for another machine's.
    """
    text = written
    if text.isascii() and text.isdigit():
        if not 0 < int(text) <= _PORT_MAX:
            raise CommandFailed(f"{text} is not a port; a port is 1 to {_PORT_MAX}")
        text = f"http://localhost:{text}"
    elif "://" not in text:
        text = f"http://{text}"
    try:
        url = httpx.URL(text)
        if path is not None:
            url = url.copy_with(raw_path=f"/{path.removeprefix('/')}".encode("ascii"))
    except (httpx.InvalidURL, UnicodeEncodeError):
        raise CommandFailed(f"{written} is neither a port nor a URL") from None
    if url.scheme not in ("http", "https") or not url.host:
        raise CommandFailed(f"{written} is neither a port nor an http:// or https:// URL")
    if not allow_remote and not is_loopback(url.host):
        raise CommandFailed(
            f"{url.host} is not this machine; use --allow-remote to send the deliveries there"
        )
    return url


def is_loopback(host: str) -> bool:
    """True for names and addresses that mean this machine, whatever a name server says."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
