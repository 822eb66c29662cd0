"""The page about states shows what the services' tables say."""

from pathlib import Path

from .pictured_states import PICTURES
from .state_pictures import arrows, generated

REPOSITORY = Path(__file__).resolve().parents[2]


def test_the_pictures_and_tables_are_what_is_drawn_from_the_code() -> None:
    for path, text in generated().items():
        assert path.read_text() == text, (
            f"{path.relative_to(REPOSITORY)}: run python -m tests-e2e.repository.state_pictures"
        )


def test_every_row_of_a_table_has_its_arrow_and_every_state_its_place() -> None:
    for picture in PICTURES:
        drawn = {number for arrow in arrows(picture) for number in arrow.numbers}
        assert drawn == set(range(1, len(picture.table) + 1))
        states = {each.target for each in picture.table}
        assert set(picture.places) == states


def test_the_page_shows_every_picture() -> None:
    page = (REPOSITORY / "docs/explanation/delivery-states.md").read_text()

    for picture in PICTURES:
        assert f'--8<-- "{picture.name}-states.svg"' in page
