"""The link of an explanation to the documentation."""

import pytest
from angarium_contracts.attempts import Explanation
from angarium_gateway.adapters.http.schemas.explanations import ExplanationOut, explanation_out

REFUSED = Explanation("connection_refused", "It refused.", "Start it.", "customer")


@pytest.mark.parametrize(
    ("url", "documentation"),
    [
        (None, "reference/failures/connection_refused"),
        (
            "https://docs.example.com",
            "https://docs.example.com/reference/failures/connection_refused/",
        ),
        (
            "https://example.com/docs/",
            "https://example.com/docs/reference/failures/connection_refused/",
        ),
    ],
)
def test_an_explanation_links_to_where_the_documentation_is(
    url: str | None, documentation: str
) -> None:
    shown = explanation_out(REFUSED, url)
    assert isinstance(shown, ExplanationOut)
    assert shown.documentation == documentation
