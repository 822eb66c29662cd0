"""The page at /docs: Scalar's API reference over the OpenAPI document, served from here alone."""

from collections.abc import Mapping
from typing import Final

SCALAR_VERSION: Final = "1.76.0"
SCALAR: Final = f"scalar-{SCALAR_VERSION}.js"


def render_page(title: str, nonce: str) -> str:
    """Render the HTML page. start.js gives `nonce` to the style sheets that scripts insert."""
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta property="csp-nonce" content="{nonce}">
<title>{title}</title>
<link rel="icon" href="/docs/assets/favicon.svg" type="image/svg+xml">
</head>
<body>
<div id="reference"></div>
<noscript>This page needs JavaScript. The same reference as an OpenAPI document:
<a href="/api/v1/openapi.json">/api/v1/openapi.json</a></noscript>
<script src="/docs/assets/start.js"></script>
<script src="/docs/assets/{SCALAR}"></script>
</body>
</html>
"""


def page_headers(nonce: str) -> Mapping[str, str]:
    """Return the headers that confine the page to its own origin.

    Scripts run from this origin's files only. Style sheets need the nonce, which scripts give to
    those that they insert. Inline style attributes are allowed because Scalar renders them.
    """
    policy = (
        "default-src 'none'",
        "script-src 'self'",
        f"style-src-elem 'nonce-{nonce}'",
        "style-src-attr 'unsafe-inline'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "object-src 'none'",
    )
    return {
        "content-security-policy": "; ".join(policy),
        "cross-origin-opener-policy": "same-origin",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
        "cache-control": "no-store",
    }
