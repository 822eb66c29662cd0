"""/console, /portal and /ui: an ASGI application in front of the API.

Every address below /console and /portal gets the same page, whose script shows what the address
says. The pages hold no data and know nobody: they use the API as any client does.
"""

import asyncio
import secrets
from dataclasses import dataclass
from typing import Final

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send

from .assets import CSP_NONCE, Asset, BuiltAssets

type Headers = list[tuple[bytes, bytes]]

CONSOLE: Final = "console"
PORTAL: Final = "portal"
_ASSETS: Final = "/ui/"
_METHODS: Final = frozenset({"GET", "HEAD"})
_PAGE_HEADERS: Final[Headers] = [
    (b"content-type", b"text/html; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
]
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}';"
    " img-src {images}; font-src 'self'; connect-src 'self'; base-uri 'none';"
    " form-action 'none'; frame-ancestors {ancestors}"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebPagesOptions:
    """Which pages are served, and what may embed the portal.

    `portal_frame_ancestors` and `portal_image_origins` are sources of a Content-Security-Policy:
    origins separated by spaces, or `*`.
    """

    console: bool = True
    portal: bool = True
    root_leads_to_console: bool = False
    portal_frame_ancestors: str = "*"
    portal_image_origins: str = ""


class WebPages:
    """Serves the pages that `options` name; everything else is `app`'s."""

    def __init__(self, app: ASGIApp, built: BuiltAssets, options: WebPagesOptions) -> None:
        self._app = app
        self._assets = built.assets
        served = {CONSOLE: options.console, PORTAL: options.portal}
        self._pages = {name: built.pages[name] for name, is_served in served.items() if is_served}
        self._root_leads_to_console = options.root_leads_to_console and options.console
        self._portal_ancestors = options.portal_frame_ancestors
        self._portal_images = f"'self' data: {options.portal_image_origins}".strip()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request for a page or an asset, or pass it on."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        path = scope["path"]
        name = path[1:].partition("/")[0]
        if name in self._pages:
            await self._send_page(name, scope, send)
        elif path.startswith(_ASSETS) and self._pages:
            asset = self._assets.get(path.removeprefix(_ASSETS))
            # An upgrade in place replaces the files of a gateway that still runs.
            if asset is None or not await _send_asset(asset, scope, send):
                await self._app(scope, receive, send)
        elif path == "/" and self._root_leads_to_console:
            await _send(scope, send, 307, [(b"location", b"/console")], b"")
        else:
            await self._app(scope, receive, send)

    async def _send_page(self, name: str, scope: HTTPScope, send: Send) -> None:
        nonce = secrets.token_urlsafe(16)
        is_portal = name == PORTAL
        policy = _POLICY.format(
            nonce=nonce,
            images=self._portal_images if is_portal else "'self' data:",
            ancestors=self._portal_ancestors if is_portal else "'none'",
        )
        headers = [*_PAGE_HEADERS, (b"content-security-policy", policy.encode())]
        if not is_portal:
            headers.append((b"x-frame-options", b"DENY"))
        await _send(scope, send, 200, headers, self._pages[name].replace(CSP_NONCE, nonce).encode())


async def _send_asset(asset: Asset, scope: HTTPScope, send: Send) -> bool:
    """Send the file, or give False if it is not there any more."""
    coding = _accepted(scope, asset)
    try:
        body = await asyncio.to_thread(asset.read if coding is None else asset.compressed[coding])
    except FileNotFoundError:
        return False
    headers: Headers = [
        (b"content-type", asset.media_type),
        (
            b"cache-control",
            b"public, max-age=31536000, immutable" if asset.is_immutable else b"no-cache",
        ),
        (b"vary", b"accept-encoding"),
        (b"x-content-type-options", b"nosniff"),
        (b"cross-origin-resource-policy", b"same-origin"),
    ]
    if coding is not None:
        headers.append((b"content-encoding", coding.encode()))
    await _send(scope, send, 200, headers, body)
    return True


def _accepted(scope: HTTPScope, asset: Asset) -> str | None:
    """The smallest copy that the client takes; codings with q=0 are not asked for by browsers."""
    accepted = next((v for name, v in scope["headers"] if name == b"accept-encoding"), b"")
    codings = {part.partition(";")[0].strip() for part in accepted.decode("latin-1").split(",")}
    return next((coding for coding in asset.compressed if coding in codings), None)


async def _send(scope: HTTPScope, send: Send, status: int, headers: Headers, body: bytes) -> None:
    if scope["method"] not in _METHODS:
        status, headers, body = 405, [(b"allow", b"GET, HEAD")], b""
    length = (b"content-length", b"%d" % len(body))
    await send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
    sent = b"" if scope["method"] == "HEAD" else body
    await send({"type": "http.response.body", "body": sent, "more_body": False})
