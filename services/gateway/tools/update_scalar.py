"""Fetch the pinned Scalar from npm, check it, and store it as the gateway serves it.

    python services/gateway/tools/update_scalar.py             fetch the recorded version again
    python services/gateway/tools/update_scalar.py 1.77.0      take another version, and record it

Needs npm. After a new version, set `SCALAR_VERSION` in reference/page.py, open /docs, send a
request from there, and see that the browser's console names no violation of the page's policy.
"""

import base64
import gzip
import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ASSETS = Path(__file__).parent.parent / "src/angarium_gateway/adapters/http/reference/assets"
RECORD = ASSETS / "scalar.json"
PACKAGE = "@scalar/api-reference"
BUNDLE = "package/dist/browser/standalone.js"


def main(version: str | None) -> None:
    """Store the bundle of this version; without one, of the recorded version."""
    record = json.loads(RECORD.read_text()) if version is None else None
    wanted = str(record["version"]) if record is not None else str(version)
    with tempfile.TemporaryDirectory() as folder:
        tarball = _pack(wanted, Path(folder))
        integrity = (
            "sha512-" + base64.b64encode(hashlib.sha512(tarball.read_bytes()).digest()).decode()
        )
        if record is not None and integrity != record["integrity"]:
            sys.exit(f"The package is {integrity}, but {record['integrity']} is on record.")
        bundle = _bundle(tarball)
    (ASSETS / "scalar.js.gz").write_bytes(gzip.compress(bundle, 9, mtime=0))
    made = {
        "package": PACKAGE,
        "version": wanted,
        "integrity": integrity,
        "file": BUNDLE.removeprefix("package/"),
        "sha256": hashlib.sha256(bundle).hexdigest(),
    }
    RECORD.write_text(json.dumps(made, indent=2) + "\n")


def _pack(version: str, folder: Path) -> Path:
    command = ["npm", "pack", f"{PACKAGE}@{version}", "--pack-destination", str(folder), "--silent"]
    packed = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
    return folder / packed.stdout.strip().splitlines()[-1]


def _bundle(tarball: Path) -> bytes:
    with tarfile.open(tarball) as package:
        member = package.extractfile(BUNDLE)
        if member is None:
            sys.exit(f"{PACKAGE} has no {BUNDLE} any more.")
        return member.read()


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)
