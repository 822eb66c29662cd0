"""Writes the renderings of the Helm chart: `make helm-render`."""

import sys
from pathlib import Path

from .chart import RENDERED, SIZES, render

if __name__ == "__main__":
    RENDERED.mkdir(parents=True, exist_ok=True)
    for size in SIZES:
        (RENDERED / f"{size}.yaml").write_text(render(Path(sys.argv[1]), size))
