"""Tests of the Flask application, with pytest-angarium."""

import pytest
from pytest_angarium import WebhookSender
from pytest_angarium.plugin import NewWebhookSender
from sqlalchemy import func, select
from sqlalchemy.orm import Session

PAID = {"type": "invoice.paid", "cents": 4200}


@pytest.fixture
def sender(
    webhook_sender: NewWebhookSender, webhook_secret: str, monkeypatch: pytest.MonkeyPatch
) -> WebhookSender:
    monkeypatch.setenv("WEBHOOK_SECRET", webhook_secret)
    monkeypatch.setenv("DATABASE_URL", "sqlite:///:memory:")
    from flask_app import app

    return webhook_sender(app, path="/webhooks")


def bookings() -> int:
    from flask_app import Booking, engine

    with Session(engine) as session:
        return session.scalar(select(func.count(Booking.id))) or 0


def test_an_invoice_is_booked_once_and_only_if_we_can_trust_it(sender: WebhookSender) -> None:
    assert all(response.accepted for response in sender.duplicated(PAID))
    assert bookings() == 1

    assert not sender.tampered(PAID).accepted
    assert not sender.late(PAID).accepted
    assert sender.oversized().status == 413
    assert bookings() == 1
