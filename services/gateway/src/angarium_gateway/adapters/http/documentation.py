"""/api/v1/openapi.json and /docs"""

from litestar import MediaType, Response, get
from litestar.handlers import HTTPRouteHandler

from .api_document import ApiDocument
from .api_key_authentication import PUBLIC
from .docs_page import render_page

_CONTENT_SECURITY_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def documentation_routes(document: ApiDocument) -> list[HTTPRouteHandler]:
    """Routes that need no API key. The document is made in a thread: it takes a while."""

    @get("/api/v1/openapi.json", sync_to_thread=True, opt={PUBLIC: True})
    def openapi_document() -> Response[bytes]:
        return Response(document.json, media_type=MediaType.JSON)

    @get("/docs", sync_to_thread=True, opt={PUBLIC: True})
    def docs_page() -> Response[str]:
        return Response(
            render_page(document.members),
            media_type=MediaType.HTML,
            headers={"content-security-policy": _CONTENT_SECURITY_POLICY},
        )

    return [openapi_document, docs_page]
