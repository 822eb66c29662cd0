"""Errors of well-known gateways in front of a receiver."""

from collections.abc import Callable
from typing import Final, NamedTuple

from .records import AttemptRecord, Failure, Finding, answered

FAILURES: Final = (
    Failure(
        "nginx_client_closed_request",
        "nginx gave up because the client closed the request (499)",
        "customer",
        "Let the server behind nginx answer sooner; nginx ended the request before it did.",
    ),
    Failure(
        "nginx_bad_gateway",
        "nginx got no usable answer from the server behind it (502)",
        "customer",
        "Start the server behind nginx, and compare its address with `proxy_pass`; nginx's error"
        " log says why.",
    ),
    Failure(
        "nginx_unavailable",
        "nginx is not available for the request (503)",
        "customer",
        "Check nginx's limits (`limit_req`, `limit_conn`) and whether it is in maintenance.",
    ),
    Failure(
        "nginx_gateway_timed_out",
        "The server behind nginx did not respond in time (504)",
        "customer",
        "Answer at once and process the webhook afterwards, or raise `proxy_read_timeout`.",
    ),
    Failure(
        "aws_alb_bad_gateway",
        "The target of an AWS load balancer gave no usable answer (502)",
        "customer",
        "Check the targets' log, and that their keep-alive time is longer than the load balancer's"
        " idle timeout.",
    ),
    Failure(
        "aws_alb_no_healthy_target",
        "An AWS load balancer has no target for the request (503)",
        "customer",
        "Register targets in the target group, and look at their health checks.",
    ),
    Failure(
        "aws_alb_target_timed_out",
        "The target of an AWS load balancer did not respond in time (504)",
        "customer",
        "Answer sooner, and check that the targets' security group admits the load balancer.",
    ),
    Failure(
        "aws_api_gateway_error",
        "AWS API Gateway could not get an answer",
        "customer",
        "Look at the integration's log in CloudWatch: the function failed, timed out, or answered"
        " in a wrong form.",
    ),
    Failure(
        "cloudfront_origin_error",
        "CloudFront got no usable answer from its origin",
        "customer",
        "Check that the origin is up and that CloudFront may reach it; allow POST in the cache"
        " behaviour.",
    ),
    Failure(
        "azure_gateway_bad_gateway",
        "Azure's gateway got no usable answer from its backend (502)",
        "customer",
        "Look at the backend's health in Azure, and at its certificate and host name.",
    ),
    Failure(
        "azure_gateway_timed_out",
        "The backend of Azure's gateway did not respond in time (504)",
        "customer",
        "Answer sooner, or raise the request time-out of the backend settings.",
    ),
    Failure(
        "azure_gateway_unavailable",
        "Azure's gateway has no backend for the request (503)",
        "customer",
        "Look at the backend's health in Azure.",
    ),
    Failure(
        "azure_app_stopped",
        "The Azure web app is stopped",
        "customer",
        "Start the web app in Azure, and check its quota.",
    ),
    Failure(
        "google_load_balancer_error",
        "Google's load balancer got no usable answer from its backend",
        "customer",
        "Look at the backend's health and at the load balancer's log in Google Cloud.",
    ),
    Failure(
        "heroku_app_error",
        "The Heroku app did not answer",
        "customer",
        "Look for the H-code in `heroku logs`: the app crashed, sleeps, or was too slow.",
    ),
    Failure(
        "envoy_upstream_error",
        "Envoy got no usable answer from its upstream",
        "customer",
        "Check the upstream's health; Envoy's access log has the response flags.",
    ),
    Failure(
        "tunnel_not_running",
        "The tunnel to the receiver is not running",
        "customer",
        "Start the tunnel again and register its current URL; use a permanent URL in production.",
    ),
)


class _Gateway(NamedTuple):
    """A gateway: its name, how it is recognised, and its codes by status."""

    name: str
    recognise: Callable[[AttemptRecord], bool]
    codes: dict[int, str]


def _server(*parts: str) -> Callable[[AttemptRecord], bool]:
    return lambda record: any(part in record.header("server") for part in parts)


def _nginx(record: AttemptRecord) -> bool:
    return any(
        name in record.header("server") or f"<center>{name}" in record.text.lower()
        for name in ("nginx", "openresty")
    )


def _api_gateway(record: AttemptRecord) -> bool:
    return bool(record.header("x-amzn-errortype") or record.header("apigw-requestid"))


def _cloudfront(record: AttemptRecord) -> bool:
    return "error from cloudfront" in record.header("x-cache")


def _azure(record: AttemptRecord) -> bool:
    server = record.header("server")
    return "microsoft-azure-application-gateway" in server or bool(record.header("x-azure-ref"))


def _azure_stopped(record: AttemptRecord) -> bool:
    return "web app" in record.text.lower() and "stopped" in record.text.lower()


def _google(record: AttemptRecord) -> bool:
    return "1.1 google" in record.header("via")


def _heroku(record: AttemptRecord) -> bool:
    text = record.text.lower()
    return "herokucdn.com/error-pages" in text or "heroku" in record.header("server")


def _envoy(record: AttemptRecord) -> bool:
    words = ("upstream connect error", "no healthy upstream", "upstream request timeout")
    return record.text.lower().startswith(words)


def _tunnel(record: AttemptRecord) -> bool:
    text = record.text.lower()
    return (
        record.header("ngrok-error-code") in {"err_ngrok_3200", "err_ngrok_8012", "err_ngrok_727"}
        or "err_ngrok_3200" in text
        or ("tunnel" in text and ("not found" in text or "offline" in text))
    )


_GATEWAYS: Final = (
    _Gateway(
        "tunnel",
        _tunnel,
        dict.fromkeys((404, 502, 503, 504), "tunnel_not_running"),
    ),
    _Gateway(
        "AWS load balancer",
        _server("awselb"),
        {
            502: "aws_alb_bad_gateway",
            503: "aws_alb_no_healthy_target",
            504: "aws_alb_target_timed_out",
        },
    ),
    _Gateway(
        "AWS API Gateway",
        _api_gateway,
        dict.fromkeys((500, 502, 503, 504), "aws_api_gateway_error"),
    ),
    _Gateway("CloudFront", _cloudfront, dict.fromkeys((502, 503, 504), "cloudfront_origin_error")),
    _Gateway("Azure web app", _azure_stopped, dict.fromkeys((403, 503), "azure_app_stopped")),
    _Gateway(
        "Azure gateway",
        _azure,
        {
            502: "azure_gateway_bad_gateway",
            503: "azure_gateway_unavailable",
            504: "azure_gateway_timed_out",
        },
    ),
    _Gateway("Heroku", _heroku, dict.fromkeys((404, 500, 502, 503, 504), "heroku_app_error")),
    _Gateway("Google", _google, dict.fromkeys((502, 503, 504), "google_load_balancer_error")),
    _Gateway("Envoy", _envoy, dict.fromkeys((502, 503, 504), "envoy_upstream_error")),
    _Gateway(
        "nginx",
        _nginx,
        {
            499: "nginx_client_closed_request",
            502: "nginx_bad_gateway",
            503: "nginx_unavailable",
            504: "nginx_gateway_timed_out",
        },
    ),
)
_HEADERS: Final = (
    "Server", "Via", "X-Cache", "X-Amzn-ErrorType", "X-Azure-Ref", "Ngrok-Error-Code",
)  # fmt: skip


def explain_gateway(record: AttemptRecord) -> Finding | None:
    """The error of a gateway; None if the response is not known to be one."""
    for gateway in _GATEWAYS:
        code = gateway.codes.get(record.status)
        if code is not None and gateway.recognise(record):
            title = next(each.title for each in FAILURES if each.code == code)
            evidence = (("Recognised", gateway.name), *answered(record, *_HEADERS))
            return Finding(code, f"{title}.", evidence)
    return None
