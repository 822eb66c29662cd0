"""Types of the catalog's payloads accept what its schemas accept, and refuse what they refuse."""

import importlib.util
import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from types import ModuleType
from typing import Any

import httpx
import pytest
from angarium_cli.client.api_client import ApiClient
from angarium_cli.failure import CommandFailed
from angarium_cli.main import app
from angarium_cli.types.catalog import EventSchema, read_catalog
from angarium_cli.types.python_models import HEADER, Models, write_package
from angarium_cli.types.typescript import write_types
from angarium_receiver import Receiver, WebhookRequest
from angarium_receiver.standard_webhooks import sign
from typer.testing import CliRunner

ROOT = Path(__file__).parents[4]
TSC = ROOT / "libs/console/web/node_modules/typescript/bin/tsc"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

INVOICE: dict[str, Any] = {
    "type": "object",
    "description": "An invoice\nthat was paid */ in full.",
    "required": ["type", "cents", "customer", "lines"],
    "properties": {
        "type": {"const": "invoice.paid"},
        "cents": {"type": "integer", "description": "Amount."},
        "currency": {"enum": ["eur", "usd"]},
        "note": {"type": ["string", "null"]},
        "paid-at": {"type": "string", "format": "date-time"},
        "customer": {"$ref": "#/$defs/customer"},
        "lines": {"type": "array", "items": {"$ref": "#/$defs/line"}},
        "method": {"oneOf": [{"type": "string"}, {"type": "integer"}]},
    },
    "$defs": {
        "customer": {
            "type": "object",
            "required": ["id"],
            "properties": {"id": {"type": "string"}},
            "additionalProperties": False,
        },
        "line": {"type": "object", "properties": {"text": {"type": "string"}}},
    },
}
PAID: dict[str, Any] = {
    "type": "invoice.paid",
    "cents": 4200,
    "currency": "eur",
    "note": None,
    "paid-at": "2026-11-30T00:00:00Z",
    "customer": {"id": "cus_1"},
    "lines": [{"text": "a"}],
    "method": 1,
}
CATALOG = [
    EventSchema("3d.ready", {"type": "object", "properties": {"id": {"type": "string"}}}),
    EventSchema("invoice.paid", INVOICE),
    EventSchema("user.created", None),
]


def api_of(*pages: list[dict[str, Any]]) -> ApiClient:
    """A client of a server that has these pages of event types."""

    def answer(request: httpx.Request) -> httpx.Response:
        number = int(request.url.params.get("iterator", "0"))
        assert request.url.params["with_content"] == "true"
        done = number == len(pages) - 1
        page = {"data": pages[number], "iterator": str(number + 1), "done": done}
        return httpx.Response(200, json=page)

    http = httpx.Client(base_url="http://angarium", transport=httpx.MockTransport(answer))
    return ApiClient(http, "Angarium")


def test_the_catalog_is_read_to_its_end_with_the_newest_schemas() -> None:
    catalog = read_catalog(
        api_of(
            [{"name": "b.c", "schemas": {"9": {"title": "old"}, "10": {"title": "new"}}}],
            [{"name": "a.b"}, {"name": "gone", "archived": True}],
        )
    )
    assert catalog == [EventSchema("a.b", None), EventSchema("b.c", {"title": "new"})]


@pytest.mark.parametrize(
    ("items", "reason"),
    [
        ([{"name": "a.b"}, {"name": "a_b"}], "a.b and a_b would both become AB"),
        ([{"name": "a", "schemas": {"1": {"$ref": "file:///etc/passwd"}}}], "file:///etc/passwd"),
        ([{"name": "a", "schemas": {"1": {"items": [{"$ref": "http://b/c"}]}}}], "http://b/c"),
    ],
)
def test_what_would_clash_or_be_fetched_is_refused(
    items: list[dict[str, Any]], reason: str
) -> None:
    with pytest.raises(CommandFailed, match=re.escape(reason)):
        read_catalog(api_of(items))


def imported(folder: Path, name: str) -> ModuleType:
    """The generated package."""
    spec = importlib.util.spec_from_file_location(
        name, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def signed(payload: Mapping[str, Any]) -> WebhookRequest:
    body = json.dumps(payload).encode()
    return WebhookRequest("POST", "https://a/", sign(SECRET, "msg_1", 1, body), body)


@pytest.mark.parametrize("models", list(Models))
def test_generated_models_type_the_handlers_of_a_receiver(models: Models, tmp_path: Path) -> None:
    folder = tmp_path / "payloads"
    assert write_package(CATALOG, models, folder) == ["3d.ready", "invoice.paid"]
    module = imported(folder, f"payloads_{models}")
    assert set(module.PAYLOADS) == {"3d.ready", "invoice.paid"}
    assert module.PAYLOADS["3d.ready"].__name__ == "Event3dReady"

    receiver = Receiver(SECRET, clock=lambda: 1)
    seen: list[Any] = []

    def paid(invoice: Any) -> None:
        seen.append(invoice)

    paid.__annotations__["invoice"] = module.PAYLOADS["invoice.paid"]
    receiver.on("invoice.paid")(paid)
    assert receiver.handle(signed(PAID)).status == 200
    (invoice,) = seen
    assert (invoice.cents, invoice.customer.id, invoice.lines[0].text) == (4200, "cus_1", "a")
    for wrong in ({"cents": "many"}, {"customer": None}, {"lines": [1]}):
        assert receiver.handle(signed({**PAID, **wrong})).status == 422


def test_a_folder_is_written_again_but_nothing_of_others_is_lost(tmp_path: Path) -> None:
    write_package(CATALOG, Models.MSGSPEC, tmp_path)
    write_package(CATALOG[1:], Models.MSGSPEC, tmp_path)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["__init__.py", "invoice_paid.py"]
    assert all(each.read_text().startswith(HEADER) for each in tmp_path.iterdir())
    (tmp_path / "mine.py").write_text("x = 1\n")
    with pytest.raises(CommandFailed, match=r"mine\.py was not generated"):
        write_package(CATALOG, Models.MSGSPEC, tmp_path)
    assert (tmp_path / "mine.py").read_text() == "x = 1\n"


def test_a_schema_imports_no_code(tmp_path: Path) -> None:
    property_ = {"type": "string", "customTypePath": "os.system", "x-python-type": "os.system"}
    schema = {
        "type": "object",
        "customBasePath": "os.Base",
        "properties": {"customBasePath": property_},
    }
    write_package([EventSchema("a", schema)], Models.PYDANTIC, tmp_path)
    text = (tmp_path / "a.py").read_text()
    assert "os" not in text.split()
    assert "customBasePath" in text


USES = """
import type { EventPayloads, InvoicePaid, InvoicePaid_Customer } from "./payloads";
const customer: InvoicePaid_Customer = { id: "cus_1" };
const paid: InvoicePaid = PAID;
const first: string | undefined = paid.lines[0]?.text;
function cents(payload: EventPayloads["invoice.paid"]): number { return payload.cents; }
const anything: EventPayloads["user.created"] = { a: 1 };
// @ts-expect-error cents is a number
const wrong_type: InvoicePaid = { ...paid, cents: "many" };
// @ts-expect-error the currency is one of two
const wrong_value: InvoicePaid = { ...paid, currency: "chf" };
// @ts-expect-error a customer has an id
const without_id: InvoicePaid_Customer = {};
// @ts-expect-error and nothing else
const with_more: InvoicePaid_Customer = { id: "a", name: "b" };
// @ts-expect-error there is no such event
type None = EventPayloads["invoice.lost"];
const shapes: EventPayloads["shapes"] = {
  pair: ["a", 1], tree: { children: [{}] }, both: { a: 1, b: 2 }, map: { x: 1 },
};
// @ts-expect-error the second is a number
const no_pair: EventPayloads["shapes"] = { pair: ["a", "b"] };
// @ts-expect-error both have to be there
const not_both: EventPayloads["shapes"] = { both: { a: 1 } };
// @ts-expect-error the values are numbers
const no_map: EventPayloads["shapes"] = { map: { x: "y" } };
"""
SHAPES: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "pair": {
            "type": "array",
            "prefixItems": [{"type": "string"}, {"type": "number"}],
            "items": False,
            "minItems": 2,
        },
        "tree": {"$ref": "#/$defs/tree"},
        "both": {
            "allOf": [
                {"type": "object", "required": ["a"], "properties": {"a": {"type": "number"}}},
                {"type": "object", "required": ["b"], "properties": {"b": {"type": "number"}}},
            ]
        },
        "map": {"type": "object", "additionalProperties": {"type": "number"}},
        "strange": {"type": "strange", "not": {}},
        "nothing": {"type": "object", "additionalProperties": False},
    },
    "$defs": {
        "tree": {
            "type": "object",
            "properties": {"children": {"type": "array", "items": {"$ref": "#/$defs/tree"}}},
        }
    },
}


def test_generated_typescript_is_checked_by_its_compiler(tmp_path: Path) -> None:
    catalog = [*CATALOG, EventSchema("shapes", SHAPES)]
    (tmp_path / "payloads.ts").write_text(write_types(catalog))
    (tmp_path / "uses.ts").write_text(USES.replace("PAID", json.dumps(PAID)))
    options = {"strict": True, "noEmit": True, "target": "es2022", "types": []}
    (tmp_path / "tsconfig.json").write_text(json.dumps({"compilerOptions": options}))
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    checked = subprocess.run(
        ["node", TSC], cwd=tmp_path, env={"PATH": path}, check=False, capture_output=True, text=True
    )
    assert (checked.returncode, checked.stdout) == (0, "")


@pytest.fixture
def server() -> Iterator[str]:
    """The URL of a server that has the catalog."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            data = [
                {"name": each.event_type, "schemas": each.schema and {"1": each.schema}}
                for each in CATALOG
            ]
            known = self.headers["authorization"] == "Bearer key"
            body = json.dumps({"data": data, "iterator": None, "done": True}).encode()
            self.send_response(200 if known else 401)
            self.end_headers()
            self.wfile.write(body if known else b'{"detail":"unknown key"}')

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_the_commands_write_what_the_catalog_has(server: str, tmp_path: Path) -> None:
    environment = {"ANGARIUM_URL": server, "ANGARIUM_TOKEN": "key"}
    runner = CliRunner(env=environment)
    folder, file = tmp_path / "payloads", tmp_path / "web/payloads.ts"
    done = runner.invoke(app, ["types", "python", "-o", str(folder), "--models", "pydantic"])
    assert done.output == f"2 event types written to {folder}\nwithout a schema: user.created\n"
    assert "BaseModel" in (folder / "invoice_paid.py").read_text()
    for _ in range(2):
        done = runner.invoke(app, ["types", "typescript", "-o", str(file)])
        assert done.output == f"3 event types written to {file}\n"
    file.write_text("mine")
    done = runner.invoke(app, ["types", "typescript", "-o", str(file)])
    assert isinstance(done.exception, CommandFailed)
    assert file.read_text() == "mine"
    refused = runner.invoke(
        app, ["types", "python", "-o", str(folder)], env={"ANGARIUM_TOKEN": "other"}
    )
    assert "unknown key" in str(refused.exception)
