"""Refusals on the wire (RFC 9457), for the document; problems.py writes them."""

from .fields import ApiSchema


class HttpErrorOut(ApiSchema, frozen=True, kw_only=True):
    """An error. `code` is stable; `detail` says what to change."""

    type: str
    title: str
    status: int
    code: str
    detail: str


class ValidationErrorItem(ApiSchema, frozen=True, kw_only=True):
    """One fault of a request; `loc` begins with body, query, path or header."""

    loc: list[str]
    msg: str
    type: str


class HTTPValidationError(ApiSchema, frozen=True, kw_only=True):
    """The faults of a request that is not valid."""

    type: str
    title: str
    status: int
    code: str
    detail: list[ValidationErrorItem]
