"""The options of endpoints that are polled instead of pushed (`url`: `poll://messages`).

Whatever only changes how requests are sent is refused, so that no option is accepted in vain. An
option that is added later is refused too, until it is listed here as one of polled endpoints.
"""

from typing import Final

from angarium_contracts.configuration import CreateEndpoint
from angarium_contracts.endpoint_options import EndpointOptions
from angarium_contracts.ids import operational_application_id
from angarium_contracts.polling import POLL_URL

from angarium_dispatcher.domain.endpoint import Endpoint
from angarium_dispatcher.domain.field_rules import HEADER_NAMES
from angarium_dispatcher.domain.refusals import InvalidField

_DEFAULTS: Final = EndpointOptions()
_OPTIONS_OF_POLLERS: Final = frozenset({"fifo", "keep_while_disabled"})
"""Options that hold for polled endpoints as for others."""
_NOT_OF_POLLERS: Final = {
    "throttle_rate": "throttle_rate",
    "timeout_s": "timeout_s",
    "sealed_proxy": "sealed_proxy",
    "sealed_certificate": "sealed_client_certificate",
    "sealed_headers": "headers",
    "sealed_authentication": "sealed_authentication",
    "sealed_ca": "sealed_ca_certificates",
}
"""Fields that must be empty, and what a refusal calls them."""


def is_poll_url(url: str) -> bool:
    """Return True for the URL of polled endpoints, in any case of letters."""
    return url.lower() == POLL_URL


def check_poller(endpoint: Endpoint, found: Endpoint | None = None) -> None:
    """Check an endpoint that is about to be saved in place of `found`, if it is or was polled.

    Raises `InvalidField`.
    """
    polled = endpoint.url == POLL_URL
    if found is not None and polled != (found.url == POLL_URL):
        raise InvalidField(
            "url",
            "An endpoint that is polled stays so, and one that is pushed cannot become polled."
            " Create another endpoint.",
        )
    if not polled:
        return
    if endpoint.application_id == operational_application_id(endpoint.tenant_id):
        raise InvalidField("url", "Operational webhooks cannot be polled. Use a https:// URL.")
    for field, name in _NOT_OF_POLLERS.items():
        if getattr(endpoint, field) is not None:
            _refuse(name)
    if endpoint.header_names != HEADER_NAMES[0]:
        _refuse("header_names")
    for name in EndpointOptions.__struct_fields__:
        default = getattr(_DEFAULTS, name)
        if name not in _OPTIONS_OF_POLLERS and getattr(endpoint, name, default) != default:
            _refuse(name)


def check_secret_of_poller(command: CreateEndpoint) -> None:
    """Check that a polled endpoint is not created with a secret. Raises `InvalidField`."""
    if is_poll_url(command.url) and command.sealed_secret is not None:
        _refuse("secret")


def _refuse(field: str) -> None:
    raise InvalidField(
        field,
        "The endpoint is polled: nothing is sent to it. Leave this out, or give the URL of an"
        " endpoint that messages are sent to.",
    )
