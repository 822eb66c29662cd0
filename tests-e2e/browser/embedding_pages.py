"""Pages of another origin that embed the portal."""

import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

from ..child_process import bare_environment, start_process  # noqa: TID252

REPOSITORY: Final = Path(__file__).parents[2]
_EXAMPLE: Final = REPOSITORY / "docs/examples/embed-portal/server.py"
_SDKS: Final = REPOSITORY / "tests-e2e/sdk/typescript"
_NPM_TIMEOUT_S: Final = 150
_TYPES: Final = {"html": "text/html; charset=utf-8", "js": "text/javascript", "css": "text/css"}


@contextmanager
def example_page(url: str, key: str, customer: str) -> Iterator[str]:
    """The address of docs/examples/embed-portal, running for this application."""
    process = start_process(
        [sys.executable, str(_EXAMPLE), "--port", "0", customer],
        bare_environment(ANGARIUM_URL=url, ANGARIUM_KEY=key),
        out=subprocess.PIPE,
        errors=subprocess.DEVNULL,
    )
    try:
        assert process.stdout is not None
        yield process.stdout.readline().decode().strip()
    finally:
        process.terminate()
        process.wait(10)
        if process.stdout is not None:
            process.stdout.close()


@contextmanager
def served(files: Mapping[str, bytes]) -> Iterator[str]:
    """The address of a server of these files, on another site than the platform's 127.0.0.1."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.partition("?")[0].lstrip("/") or "index.html"
            content = files.get(name)
            self.send_response(404 if content is None else 200)
            self.send_header("content-type", _TYPES.get(name.rpartition(".")[2], "text/plain"))
            self.send_header("content-length", str(len(content or b"")))
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://localhost:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def react_files(folder: Path) -> dict[str, bytes]:
    """React, react-dom and svix-react as browsers load them, from their locked packages."""
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copy(_SDKS / name, folder / name)
    node, npm = (Path(sys.executable).with_name(name) for name in ("node", "npm"))
    subprocess.run(
        [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        cwd=folder,
        env=bare_environment(PATH=f"{node.parent}:/usr/bin:/bin"),
        timeout=_NPM_TIMEOUT_S,
        check=True,
        capture_output=True,
    )
    packages = folder / "node_modules"
    return {
        "react.js": (packages / "react/umd/react.production.min.js").read_bytes(),
        "react-dom.js": (packages / "react-dom/umd/react-dom.production.min.js").read_bytes(),
        "svix-react.js": (packages / "svix-react/dist/svix-react.umd.js").read_bytes(),
        "svix-react.css": (packages / "svix-react/dist/style.css").read_bytes(),
    }


APP_PORTAL_PAGE: Final = b"""<!doctype html>
<html lang="en">
<title>AppPortal</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="svix-react.css">
<div id="root"></div>
<script src="react.js"></script>
<script src="react-dom.js"></script>
<script>var svix = {};</script>
<script src="svix-react.js"></script>
<script>
const props = JSON.parse(new URLSearchParams(location.search).get("props"));
const root = ReactDOM.createRoot(document.getElementById("root"));
root.render(React.createElement(SvixReact.AppPortal, props));
</script>
"""
