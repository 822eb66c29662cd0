"""JSON schemas of Kubernetes for kubeconform, from the package kubernetes-validate.

kubeconform would fetch schemas that need no other file; those of the package refer to one file of
definitions, which is put into each here.
"""

import json
from pathlib import Path

import kubernetes_validate

_PACKAGED = Path(kubernetes_validate.__file__).parent / "kubernetes-json-schema"
LOCATION = "{{.NormalizedKubernetesVersion}}/{{.ResourceKind}}{{.KindSuffix}}.json"
"""The path by which kubeconform finds a schema below the folder."""


def write_schemas(folder: Path, version: str, names: set[str]) -> None:
    """Write the strict schemas of these names, such as `deployment-apps-v1`, of `1.34.0`."""
    packaged = _PACKAGED / f"v{version}-local-strict"
    written = folder / f"v{version}"
    written.mkdir(parents=True)
    definitions = json.loads((packaged / "_definitions.json").read_text())["$defs"]
    for name in names:
        text = (packaged / f"{name}.json").read_text()
        schema = json.loads(text.replace("/api/_definitions.json#/", "#/"))
        del schema["$id"]
        (written / f"{name}.json").write_text(json.dumps(schema | {"$defs": definitions}))
