"""Adds the reference of the HTTP API to the site: the page that gateways serve at /docs.

Everything is in files of the site, the document too, so that it opens from a disk.
"""

import gzip
import json
from importlib.resources import files
from typing import Final

from angarium_gateway.adapters.http.application import api_document
from angarium_gateway.adapters.http.reference.page import SCALAR
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

FOLDER: Final = "reference/http-api-pages"
_START: Final = """\
Scalar.createApiReference('#reference', {
  content: apiDocument,
  metaData: { title: document.title },
  hiddenClients: true,
  hideTestRequestButton: true,
  documentDownloadType: 'json',
  defaultOpenFirstTag: true,
  orderSchemaPropertiesBy: 'preserve',
  // Nothing from outside: no fonts, proxy, telemetry or hosted client.
  withDefaultFonts: false,
  telemetry: false,
  hideClientButton: true,
  showDeveloperTools: 'never',
  agent: { disabled: true },
  mcp: { disabled: true },
});
"""
_PAGE: Final = f"""\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Angarium API</title>
<link rel="icon" href="favicon.svg" type="image/svg+xml">
</head>
<body>
<div id="reference"></div>
<noscript>This page needs JavaScript. The same as an OpenAPI document:
<a href="openapi.json">openapi.json</a></noscript>
<script src="document.js"></script>
<script src="{SCALAR}"></script>
<script src="start.js"></script>
</body>
</html>
"""


def on_files(added: Files, /, *, config: MkDocsConfig) -> Files:
    """Add the page, its scripts and the OpenAPI document."""
    assets = files("angarium_gateway.adapters.http.reference") / "assets"
    members = api_document().members | {"servers": [{"url": "http://127.0.0.1:8080"}]}
    document = json.dumps(members, ensure_ascii=False)
    contents: dict[str, str | bytes] = {
        "index.html": _PAGE,
        "start.js": _START,
        "document.js": f"const apiDocument = {document};\n",
        "openapi.json": document,
        "favicon.svg": (assets / "favicon.svg").read_bytes(),
        SCALAR: gzip.decompress((assets / "scalar.js.gz").read_bytes()),
    }
    for name, content in contents.items():
        added.append(File.generated(config, f"{FOLDER}/{name}", content=content))
    return added
