"""A record of each failure, as the worker writes it: what tests and the documentation show."""

from collections.abc import Mapping
from typing import Final

from angarium_webhooks.failures import AttemptRecord
from angarium_webhooks.http_heads import read_response_head

URL: Final = "https://hooks.example.com/in"
CERTIFICATE: Final = {
    "certificate_names": "hooks.example.com, www.hooks.example.com",
    "certificate_subject": "CN=hooks.example.com",
    "certificate_issuer": "CN=R11,O=Let's Encrypt,C=US",
    "not_before": "2026-01-01 00:00:00 UTC",
    "not_after": "2026-04-01 00:00:00 UTC",
    "chain_length": "2",
}


def failed(reason: str, detail: str = "", url: str = URL, **facts: str) -> AttemptRecord:
    """An attempt without a usable answer."""
    return AttemptRecord(url, reason, detail, facts=facts)


def unverified(code: int, words: str, **facts: str) -> AttemptRecord:
    """An attempt whose receiver's certificate did not verify."""
    known = {**CERTIFICATE, **facts, "verify_code": str(code)}
    return AttemptRecord(URL, "certificate_not_trusted", words, facts=known)


def answered(
    status: int, *headers: str, body: str = "", reason: str = "", url: str = URL, **facts: str
) -> AttemptRecord:
    """An attempt that was answered."""
    lines = [f"HTTP/1.1 {status} {reason}".strip(), *headers]
    received = "\r\n".join(lines).encode()
    return AttemptRecord(
        url,
        status=status,
        head=read_response_head(received),
        received=received,
        body=body.encode(),
        facts=facts,
    )


def malformed(detail: str, received: bytes) -> AttemptRecord:
    """An attempt whose answer is no HTTP."""
    return AttemptRecord(URL, "invalid_response", detail, received=received)


def broken(reason: str, detail: str, **facts: str) -> AttemptRecord:
    """An attempt whose answer broke off after its status line."""
    received = b"HTTP/1.1 200 OK\r\nServer: app"
    head = read_response_head(received)
    return AttemptRecord(URL, reason, detail, 200, head, received, b'{"rec', facts)


def asked(reason: str, request: str, status: int) -> AttemptRecord:
    """An attempt whose answer asks for something."""
    received = f"HTTP/1.1 {status} No\r\nwebhook-delivery: {request}".encode()
    return AttemptRecord(URL, reason, "", status, read_response_head(received), received)


NGINX_502 = "<html><center><h1>502 Bad Gateway</h1></center><hr><center>nginx</center></html>"
EXAMPLES: Final[Mapping[str, AttemptRecord]] = {
    "name_not_found": failed(
        "dns_failed", "hooks.example.com: Name or service not known", dns_error="EAI_NONAME"
    ),
    "name_server_failed": failed(
        "dns_failed",
        "hooks.example.com: Temporary failure in name resolution",
        dns_error="EAI_AGAIN",
    ),
    "name_has_no_address": failed(
        "dns_failed",
        "hooks.example.com: No address associated with hostname",
        dns_error="EAI_NODATA",
    ),
    "name_has_too_many_addresses": failed("dns_failed", "hooks.example.com has 70 addresses"),
    "name_not_resolved": failed("dns_failed", "hooks.example.com: label too long"),
    "name_resolution_timed_out": failed("dns_timed_out", "after 15.001 s"),
    "url_not_allowed": failed("url_refused", "the scheme must be https", "http://example.com/"),
    "address_not_allowed": failed("address_not_allowed", "private network", "https://10.0.0.7/in"),
    "destination_not_allowed": failed(
        "destination_not_allowed", "port 8443 is not allowed", "https://hooks.example.com:8443/in"
    ),
    "connection_refused": failed(
        "connection_refused", "203.0.113.9: Connection refused", os_error="ECONNREFUSED"
    ),
    "connect_timed_out": failed("connect_timed_out", "after 15.001 s"),
    "host_unreachable": failed(
        "unreachable", "203.0.113.9: No route to host", os_error="EHOSTUNREACH"
    ),
    "network_unreachable": failed(
        "unreachable", "2001:db8::9: Network is unreachable", os_error="ENETUNREACH"
    ),
    "connection_reset_before_request": failed(
        "connection_reset", "203.0.113.9: Connection reset by peer", os_error="ECONNRESET"
    ),
    "connection_reset_after_request": failed(
        "connection_reset", "Connection reset by peer", request_sent="yes"
    ),
    "connection_reset_within_response": broken(
        "connection_reset",
        "answered 200, but the answer broke off within its headers: Connection reset by peer",
        request_sent="yes",
    ),
    "connection_closed_before_request": failed(
        "connection_closed", "closed before the request was sent"
    ),
    "connection_closed_without_response": failed(
        "connection_closed", "closed without an answer", request_sent="yes"
    ),
    "response_incomplete": broken(
        "connection_closed",
        "answered 200, but the answer broke off after 5 of 20 bytes",
        request_sent="yes",
    ),
    "tls_version_too_old": failed(
        "tls_failed",
        "TLSV1_ALERT_PROTOCOL_VERSION",
        tls_error="TLSV1_ALERT_PROTOCOL_VERSION",
    ),
    "tls_no_common_cipher": failed(
        "tls_failed", "SSLV3_ALERT_HANDSHAKE_FAILURE", tls_error="SSLV3_ALERT_HANDSHAKE_FAILURE"
    ),
    "tls_client_certificate_required": failed(
        "tls_failed", "TLSV13_ALERT_CERTIFICATE_REQUIRED", request_sent="yes"
    ),
    "tls_client_certificate_refused": failed("tls_failed", "TLSV1_ALERT_UNKNOWN_CA"),
    "tls_server_name_unknown": failed(
        "tls_failed", "TLSV1_UNRECOGNIZED_NAME", tls_error="TLSV1_UNRECOGNIZED_NAME"
    ),
    "tls_not_spoken": failed(
        "tls_failed",
        "the port does not speak TLS; check the URL's scheme and port",
        tls_error="WRONG_VERSION_NUMBER",
    ),
    "tls_handshake_broken_off": failed(
        "tls_failed", "handshake broken off: Connection reset by peer", os_error="ECONNRESET"
    ),
    "tls_failed": failed("tls_failed", "DECRYPTION_FAILED_OR_BAD_RECORD_MAC", request_sent="yes"),
    "tls_timed_out": failed("tls_timed_out", "after 15.001 s"),
    "client_certificate_unusable": failed(
        "client_certificate_unusable", "not a PEM of a certificate and its key"
    ),
    "ca_certificates_unusable": failed("ca_certificates_unusable", "NO_START_LINE"),
    "tls_certificate_expired": unverified(10, "certificate has expired"),
    "tls_certificate_not_yet_valid": unverified(9, "certificate is not yet valid"),
    "tls_certificate_wrong_name": unverified(
        62,
        "Hostname mismatch, certificate is not valid for 'hooks.example.com'.",
        certificate_names="old.example.com, example.net",
    ),
    "tls_certificate_self_signed": unverified(
        18, "self-signed certificate", certificate_issuer="CN=hooks.example.com", chain_length="1"
    ),
    "tls_chain_incomplete": unverified(
        20,
        "unable to get local issuer certificate",
        chain_length="1",
        missing_issuer="CN=R11,O=Let's Encrypt,C=US",
    ),
    "tls_authority_unknown": unverified(
        19, "self-signed certificate in certificate chain", certificate_issuer="CN=Acme Private CA"
    ),
    "tls_certificate_not_trusted": unverified(66, "EE certificate key too weak"),
    "request_write_timed_out": failed(
        "response_timed_out", "after 15.001 s", phase="request write", request_sent="yes"
    ),
    "response_timed_out": failed(
        "response_timed_out", "after 15.001 s", phase="first byte", request_sent="yes"
    ),
    "response_body_timed_out": broken(
        "response_timed_out",
        "answered 200, but the answer broke off after 5 bytes: given up after 15.001 s",
        phase="body",
    ),
    "redirect_not_followed": answered(308, "Location: /webhooks/in/", reason="Permanent Redirect"),
    "redirect_to_https": answered(
        301, f"Location: {URL}", reason="Moved Permanently", url="http://hooks.example.com/in"
    ),
    "redirect_to_sign_in": answered(302, "Location: /login?next=%2Fin", reason="Found"),
    "redirect_without_target": answered(304, reason="Not Modified"),
    "signature_body_rewritten": answered(
        401,
        body='{"error":"invalid signature","signedBody":"{\\"a\\":1}"}',
        sent_body='{"a": 1}',
        checked_body='{"a":1}',
        rewritten_as="JSON without spaces",
    ),
    "signature_timestamp_refused": answered(400, body='{"error":"Message timestamp too old"}'),
    "signature_headers_missing": answered(400, body="Missing required headers: svix-signature"),
    "signature_refused": answered(401, body='{"error":"No matching signature found"}'),
    "bot_protection": answered(
        403,
        "Server: cloudflare",
        "CF-Ray: 8f1d2a",
        "cf-mitigated: challenge",
        body="<title>Just a moment...</title>",
    ),
    "web_firewall_blocked": answered(403, "Server: AkamaiGHost", body="Access Denied"),
    "csrf_check_failed": answered(403, body="<h1>Forbidden</h1> CSRF verification failed."),
    "bad_request": answered(400, body='{"error":"missing member amount"}', reason="Bad Request"),
    "authentication_required": answered(
        401, 'WWW-Authenticate: Basic realm="staging"', reason="Unauthorized"
    ),
    "access_forbidden": answered(403, "Server: Apache", reason="Forbidden"),
    "not_found": answered(404, body="Cannot POST /in", reason="Not Found"),
    "method_not_allowed": answered(405, "Allow: GET, HEAD", reason="Method Not Allowed"),
    "request_timed_out_at_receiver": answered(408, reason="Request Timeout"),
    "conflict": answered(409, body="already processed", reason="Conflict"),
    "endpoint_gone": answered(410, reason="Gone"),
    "payload_too_large": answered(413, "Server: nginx", reason="Request Entity Too Large"),
    "unsupported_media_type": answered(
        415, "Accept-Post: application/xml", reason="Unsupported Media Type"
    ),
    "payload_refused": answered(422, body='{"amount":["is required"]}'),
    "too_many_requests": answered(429, "Retry-After: 30", reason="Too Many Requests"),
    "too_many_requests_without_time": answered(429, reason="Too Many Requests"),
    "client_error": answered(418, reason="I'm a teapot"),
    "server_error": answered(500, body="Internal Server Error", reason="Internal Server Error"),
    "not_implemented": answered(501, reason="Not Implemented"),
    "bad_gateway": answered(502, "Server: Caddy", reason="Bad Gateway"),
    "service_unavailable": answered(503, "Retry-After: 120", reason="Service Unavailable"),
    "service_unavailable_without_time": answered(503, reason="Service Unavailable"),
    "gateway_timed_out": answered(504, reason="Gateway Timeout"),
    "server_error_other": answered(507, reason="Insufficient Storage"),
    "unexpected_status": answered(199),
    "nginx_client_closed_request": answered(499, "Server: nginx"),
    "nginx_bad_gateway": answered(
        502, "Server: nginx/1.27.0", body=NGINX_502, reason="Bad Gateway"
    ),
    "nginx_unavailable": answered(503, "Server: nginx", reason="Service Temporarily Unavailable"),
    "nginx_gateway_timed_out": answered(504, "Server: openresty", reason="Gateway Time-out"),
    "aws_alb_bad_gateway": answered(502, "Server: awselb/2.0", reason="Bad Gateway"),
    "aws_alb_no_healthy_target": answered(503, "Server: awselb/2.0"),
    "aws_alb_target_timed_out": answered(504, "Server: awselb/2.0", reason="Gateway Time-out"),
    "aws_api_gateway_error": answered(
        502,
        "x-amzn-ErrorType: InternalServerErrorException",
        body='{"message": "Internal server error"}',
    ),
    "cloudfront_origin_error": answered(
        504, "X-Cache: Error from cloudfront", "Via: 1.1 abc.cloudfront.net (CloudFront)"
    ),
    "azure_gateway_bad_gateway": answered(502, "Server: Microsoft-Azure-Application-Gateway/v2"),
    "azure_gateway_timed_out": answered(504, "X-Azure-Ref: 20260302T083000Z-1"),
    "azure_gateway_unavailable": answered(503, "X-Azure-Ref: 20260302T083000Z-2"),
    "azure_app_stopped": answered(403, body="<title>Error 403 - This web app is stopped.</title>"),
    "google_load_balancer_error": answered(502, "Via: 1.1 google"),
    "heroku_app_error": answered(
        503,
        "Server: Heroku",
        body='<iframe src="//www.herokucdn.com/error-pages/no-such-app.html">',
    ),
    "envoy_upstream_error": answered(503, "Server: envoy", body="no healthy upstream"),
    "tunnel_not_running": answered(404, "ngrok-error-code: ERR_NGROK_3200"),
    **{
        f"cloudflare_{status}": answered(status, "Server: cloudflare", "CF-Ray: 8f1d2a")
        for status in (520, 521, 522, 523, 524, 525, 526, 527, 530)
    },
    "port_speaks_tls": malformed(
        "the port speaks TLS; check the URL's scheme and port", b"\x15\x03\x01\x00\x02\x02\x16"
    ),
    "response_not_http": malformed("Expected HTTP/, RTSP/ or ICE/", b"-ERR unknown command 'POST'"),
    "response_malformed": malformed(
        "Content-Length can't be present with Transfer-Encoding",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5",
    ),
    "response_head_too_long": malformed(
        "headers longer than 32768 bytes", b"HTTP/1.1 200 OK\r\nX: " + b"x" * 60
    ),
    "response_switches_protocol": malformed(
        "no other protocol was asked for", b"HTTP/1.1 101 Switching Protocols"
    ),
    "response_interim_invalid": malformed(
        "more than 8 interim responses", b"HTTP/1.1 103 Early Hints"
    ),
    "response_before_request": malformed(
        "bytes before the request was sent", b"SSH-2.0-OpenSSH_9.9\r\n"
    ),
    "oauth_client_refused": failed(
        "oauth_token_refused",
        'the token endpoint answered 401: {"error":"invalid_client"}',
    ),
    "oauth_scope_refused": failed(
        "oauth_token_refused", 'the token endpoint answered 400: {"error":"invalid_scope"}'
    ),
    "oauth_token_refused": failed("oauth_token_refused", "the token endpoint answered 500"),
    "oauth_token_unreachable": failed("oauth_token_unreachable", "no answer after 10 s"),
    "handshake_refused": failed(
        "handshake_refused",
        "the answer to OPTIONS names no WebHook-Allowed-Origin, not webhooks.example.com",
    ),
    "stream_authentication_failed": failed(
        "stream_refused", "NOAUTH: the server wants a user and a password", "redis://s.example/a"
    ),
    "stream_permission_denied": failed(
        "stream_refused", "NOPERM: the user may not append to the stream", "redis://s.example/a"
    ),
    "stream_key_is_no_stream": failed(
        "stream_refused",
        "WRONGTYPE: the key holds something that is not a stream",
        "redis://s.example/a",
    ),
    "stream_on_another_node": failed(
        "stream_refused",
        "MOVED: the stream is on another node of the cluster",
        "redis://s.example/a",
    ),
    "stream_out_of_memory": failed(
        "stream_not_ready", "OOM: the server is out of memory", "redis://s.example/a"
    ),
    "stream_read_only": failed(
        "stream_not_ready", "READONLY: the server is a read-only replica", "redis://s.example/a"
    ),
    "stream_not_ready": failed(
        "stream_not_ready", "LOADING: the server is loading its data", "redis://s.example/a"
    ),
    "stream_refused": failed(
        "stream_refused", "an error that is not expected", "redis://s.example/a"
    ),
    "proxy_failed": failed("proxy_failed", "the proxy answered 407"),
    "request_headers_too_large": failed(
        "request_refused", "the headers have 33010 bytes, more than 32768"
    ),
    "request_header_invalid": failed("request_refused", "'bad name' is not a valid header name"),
    "no_free_connection": failed("no_free_connection", "too many requests are waiting"),
    "sender_stopped": failed("sender_closed", "the sender was closed"),
    "internal_error": failed("internal_error", "TypeError"),
    "disabled_by_receiver": asked("disabled_by_receiver", "disable", 400),
    "aborted_by_receiver": asked("aborted_by_receiver", "abort-message", 400),
    "unknown_failure": failed("a_later_reason", "of a later version"),
}
