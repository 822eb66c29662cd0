"""The error responses that operations document."""

from typing import Any, Final, NamedTuple

_PREFIX: Final = "#/components/responses/"


class _Error(NamedTuple):
    name: str
    description: str
    schema: str
    title: str
    code: str
    detail: str | list[dict[str, Any]]


_INVALID: Final = [
    {
        "loc": ["body", "url"],
        "msg": "`url` is required. Add it.",
        "type": "value_error.missing",
    }
]
_ERRORS: Final = {
    "401": _Error(
        "Unauthenticated",
        "The API key is missing, unknown, expired or revoked.",
        "HttpErrorOut",
        "Authentication failed",
        "authentication_failed",
        "The API key is missing, unknown, expired or revoked. Send a valid one in the header"
        " `Authorization: Bearer <key>`.",
    ),
    "403": _Error(
        "Forbidden",
        "The API key does not allow this operation, or its tenant is suspended.",
        "HttpErrorOut",
        "Not allowed",
        "permission_denied",
        "This API key has the scope `read`, which does not allow this operation. Use a key with the"
        " scope `admin`.",
    ),
    "404": _Error(
        "NotFound",
        "An object that the path names does not exist.",
        "HttpErrorOut",
        "Not found",
        "not_found",
        "There is no application acme.",
    ),
    "409": _Error(
        "Conflict",
        "The request contradicts what exists, or a request with the same `Idempotency-Key` is"
        " still running.",
        "HttpErrorOut",
        "Conflict",
        "conflict",
        "The uid acme is taken.",
    ),
    "410": _Error(
        "Gone",
        "A request with the same `Idempotency-Key` created an object that was deleted since.",
        "HttpErrorOut",
        "What this request created was deleted",
        "created_object_deleted",
        "A request with this idempotency key created app_05jHR6TnRzUGhKWN8Ckr5D, which was deleted"
        " since. To create it anew, send the request with another key.",
    ),
    "412": _Error(
        "VersionDiffers",
        "The object has not the version that `If-Match` asks for.",
        "HttpErrorOut",
        "The object has another version",
        "precondition_failed",
        "The object is not as `If-Match` or `If-None-Match` asks: it was changed, created or"
        " deleted since you read it. Read it again, and send the request with its new `ETag`.",
    ),
    "413": _Error(
        "TooLarge",
        "The request body is too large.",
        "HttpErrorOut",
        "The request body is too large",
        "payload_too_large",
        "The body may have at most 1114112 bytes. Send less, or ask the operator to raise"
        " ANGARIUM_PAYLOAD_BYTES_MAX.",
    ),
    "414": _Error(
        "UriTooLong",
        "The path and query are too long.",
        "HttpErrorOut",
        "The URL is too long",
        "uri_too_long",
        "The path and query of a URL may have at most 8192 bytes. Send less.",
    ),
    "415": _Error(
        "UnsupportedCoding",
        "The request body has a content coding other than gzip.",
        "HttpErrorOut",
        "The content coding is not supported",
        "unsupported_content_encoding",
        "The body is sent with `Content-Encoding: br`. Send it with `Content-Encoding: gzip`, or"
        " without `Content-Encoding`.",
    ),
    "422": _Error(
        "Invalid",
        "A parameter or the body is invalid. `detail` lists every fault that was found.",
        "HTTPValidationError",
        "The request is not valid",
        "validation_error",
        _INVALID,
    ),
    "503": _Error(
        "Unavailable",
        "The request cannot be handled at the moment. Repeat it after the seconds in the header"
        " `Retry-After`.",
        "HttpErrorOut",
        "Not available at the moment",
        "unavailable",
        "The database is not reachable. Try again.",
    ),
}


_MAY_HAVE_NOTHING: Final = {"v1.legal-hold.get"}
"""Operations without an object in their path that answer 404 where there is none."""


def error_responses(operation: dict[str, Any], path: str, method: str) -> dict[str, Any]:
    """Return the errors that an operation may answer with, as references by their status."""
    possible = {"401", "403", "414", "422", "503"}
    names_application = any(each["name"] == "app_id" for each in operation.get("parameters", ()))
    if "{" in path or names_application or operation["operationId"] in _MAY_HAVE_NOTHING:
        possible.add("404")
    if method not in {"get", "head"}:
        possible.add("409")
    if any(each["name"] == "if-match" for each in operation.get("parameters", ())):
        possible.add("412")
    if "requestBody" in operation:
        possible |= {"413", "415"}
    if operation["operationId"].endswith(".create"):
        possible.add("410")
    return {status: {"$ref": _PREFIX + _ERRORS[status].name} for status in sorted(possible)}


def public_error_responses(operation: dict[str, Any]) -> dict[str, Any]:
    """Return the errors that an operation without an API key may answer with."""
    possible = {"422", "503"}
    if "requestBody" in operation:
        possible |= {"403", "413", "414", "415"}
    return {status: {"$ref": _PREFIX + _ERRORS[status].name} for status in sorted(possible)}


def error_components(schema_prefix: str) -> dict[str, Any]:
    """Return the document's `components.responses`."""
    return {
        error.name: _response(int(status), error, schema_prefix)
        for status, error in _ERRORS.items()
    }


def _response(status: int, error: _Error, schema_prefix: str) -> dict[str, Any]:
    example = {
        "type": f"urn:angarium:problem:{error.code}",
        "title": error.title,
        "status": status,
        "code": error.code,
        "detail": error.detail,
    }
    content = {"schema": {"$ref": schema_prefix + error.schema}, "example": example}
    response: dict[str, Any] = {
        "description": error.description,
        "content": {"application/problem+json": content},
    }
    if status == 503:
        response["headers"] = {
            "Retry-After": {"description": "Seconds to wait", "schema": {"type": "integer"}}
        }
    return response
