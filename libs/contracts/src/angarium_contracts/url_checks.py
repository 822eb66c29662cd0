"""Query for whether webhooks could be delivered to a URL, answered by the worker, which would send
them. It resolves the host, and sends nothing."""

from .contract import Contract, Part


class CheckUrl(Contract, frozen=True, tag="url.check/1"):
    """Query: would this URL be refused? Answered by `UrlChecked`."""

    url: str


class CheckedAddress(Part, frozen=True):
    """An address of the host, and the rule that allows or refuses it."""

    address: str
    allowed: bool
    rule: str


class UrlChecked(Contract, frozen=True, tag="url.checked/1"):
    """`canonical` is None for a URL that is refused when an endpoint is saved. `conclusion` says in
    sentences why nothing would be sent and what the operator can change, or that it would be."""

    accepted: bool
    conclusion: str
    canonical: str | None = None
    addresses: tuple[CheckedAddress, ...] = ()
