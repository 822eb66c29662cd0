"""A message in the form in which an endpoint is sent it, for programs that stand in for one."""

from angarium_contracts.ids import APPLICATION, parse_id

from angarium_worker.adapters.destinations.webhook.payload_formats import NO_LINKS, format_of
from angarium_worker.application.destinations.destination import (
    DestinationOptions,
    OptionsUnusable,
    OutgoingDelivery,
)

DEFAULT_CONTENT_TYPE = "application/json"


class FormatNotPreviewed(Exception):
    """The form cannot be made here; the text says why."""


class PayloadPreview:
    """Forms messages as an endpoint's options say: its `payloadFormat`, `contentType` and
    `eventSource`, as the API has them. `application` is the id of its application."""

    def __init__(
        self,
        application: str,
        payload_format: str,
        content_type: str | None,
        event_source: str | None,
    ) -> None:
        """Raises FormatNotPreviewed, for thin events among others: only the platform makes their
        links."""
        application_id = parse_id(APPLICATION, application)
        if application_id is None:
            raise FormatNotPreviewed(f"{application} is not the id of an application")
        options = DestinationOptions(
            url="",
            secrets=(),
            payload_format=payload_format,
            content_type=content_type,
            event_source=event_source,
            application_id=application_id,
        )
        if payload_format == "thin":
            raise FormatNotPreviewed("only the platform makes the links of thin events")
        try:
            self._format = format_of(options, NO_LINKS)
        except OptionsUnusable as unusable:
            raise FormatNotPreviewed(str(unusable)) from None

    def form(
        self, message_id: str, event_type: str, payload: bytes, content_type: str | None
    ) -> tuple[bytes, tuple[tuple[str, str], ...]]:
        """The body that is sent, and the headers that say what it is. `content_type` is the
        message's own, None for JSON that the platform has checked."""
        delivery = OutgoingDelivery(
            webhook_id=message_id,
            event_type=event_type,
            payload=payload,
            trace=None,
            timestamp_s=0,
            number=1,
            timeout_s=0,
            content_type=content_type,
        )
        headers: tuple[tuple[str, str], ...] = ()
        if self._format is not None:
            delivery, headers = self._format(delivery)
        kind = delivery.content_type or DEFAULT_CONTENT_TYPE
        return delivery.payload, (("content-type", kind), *headers)
