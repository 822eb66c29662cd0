"""Routes of the API reference: /api/v1/openapi.json, /docs and the assets of the page."""

import gzip
import secrets
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

from litestar import MediaType, Request, Response, get
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from angarium_gateway.adapters.http.operation_needs import PUBLIC

from .document import ApiDocument
from .page import SCALAR, page_headers, render_page

_ASSETS: Final = files(__package__) / "assets"
_COMPRESSED: Final = "scalar.js.gz"
_ASSET_HEADERS: Final = {"x-content-type-options": "nosniff", "cache-control": "no-cache"}
_SCALAR_HEADERS: Final = {
    **_ASSET_HEADERS,
    "cache-control": "public, max-age=31536000, immutable",
    "vary": "accept-encoding",
}
_MEDIA_TYPES: Final = {"start.js": "text/javascript", "favicon.svg": "image/svg+xml"}


def reference_routes(document: ApiDocument) -> list[HTTPRouteHandler]:
    """Return the routes, none of which needs an API key.

    They run in threads: the first request builds the document, and files are read.
    """

    @get("/api/v1/openapi.json", sync_to_thread=True, opt={PUBLIC: True})
    def openapi_document() -> Response[bytes]:
        return Response(document.json, media_type=MediaType.JSON)

    @get("/docs", sync_to_thread=True, opt={PUBLIC: True})
    def docs_page() -> Response[str]:
        nonce = secrets.token_urlsafe(16)
        return Response(
            render_page(document.title, nonce),
            media_type=MediaType.HTML,
            headers=page_headers(nonce),
        )

    @get("/docs/assets/{name:str}", sync_to_thread=True, opt={PUBLIC: True})
    def docs_asset(request: Request[Any, Any, Any], name: FromPath[str]) -> Response[bytes]:
        if name == SCALAR:
            return _scalar(accepts_gzip="gzip" in request.headers.get("accept-encoding", ""))
        media_type = _MEDIA_TYPES.get(name)
        if media_type is None:
            raise NotFoundException
        return Response(_read(name), media_type=media_type, headers=_ASSET_HEADERS)

    return [openapi_document, docs_page, docs_asset]


def _scalar(*, accepts_gzip: bool) -> Response[bytes]:
    headers: Mapping[str, str] = _SCALAR_HEADERS
    content = _read(_COMPRESSED)
    if accepts_gzip:
        headers = {**headers, "content-encoding": "gzip"}
    else:
        content = gzip.decompress(content)
    return Response(content, media_type="text/javascript", headers=headers)


@cache
def _read(name: FromPath[str]) -> bytes:
    return (_ASSETS / name).read_bytes()
