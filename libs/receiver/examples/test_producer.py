"""A test of a program that posts events, with pytest-angarium."""

from pytest_angarium import FakePlatform
from svix.api import MessageIn, Svix, SvixOptions


def test_a_paid_invoice_is_posted_once(fake_angarium: FakePlatform) -> None:
    svix = Svix("ang_test", SvixOptions(server_url=fake_angarium.url))
    svix.message.create(
        "acme", MessageIn(event_type="invoice.paid", event_id="inv-1", payload={"cents": 4200})
    )
    (message,) = fake_angarium.of_type("invoice.paid")
    assert message.payload == {"cents": 4200}
