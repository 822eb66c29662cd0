"""The API document that the console's types are made of."""

from pathlib import Path

from angarium_gateway.administration.client_document import client_document

_STORED = Path(__file__).parents[2] / "web/api/openapi.json"


def test_the_stored_document_is_what_the_api_says() -> None:
    assert _STORED.read_text() == client_document(), "Run `make api-document`, and build again."
