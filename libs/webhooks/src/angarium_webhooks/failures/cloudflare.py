"""Statuses that Cloudflare answers with when it does not get an answer from the receiver itself."""

from typing import Final

from .records import AttemptRecord, Failure, Finding, answered

FAILURES: Final = (
    Failure(
        "cloudflare_520",
        "Cloudflare got an unusable answer from the receiver (520)",
        "customer",
        "Check the log of the server behind Cloudflare: it crashed, or answered with no or with"
        " invalid HTTP.",
    ),
    Failure(
        "cloudflare_521",
        "The server behind Cloudflare is down (521)",
        "customer",
        "Start the server behind Cloudflare, and let its firewall admit Cloudflare's addresses.",
    ),
    Failure(
        "cloudflare_522",
        "The server behind Cloudflare did not accept the connection (522)",
        "customer",
        "Check that the server behind Cloudflare is not overloaded, and that its firewall admits"
        " Cloudflare's addresses.",
    ),
    Failure(
        "cloudflare_523",
        "Cloudflare cannot reach the receiver's server (523)",
        "customer",
        "Correct the address of the server in Cloudflare's DNS settings.",
    ),
    Failure(
        "cloudflare_524",
        "The server behind Cloudflare did not respond in time (524)",
        "customer",
        "Answer at once and process the webhook afterwards, such as in a queue.",
    ),
    Failure(
        "cloudflare_525",
        "The TLS handshake between Cloudflare and the server failed (525)",
        "customer",
        "Check the certificate and the TLS versions of the server behind Cloudflare.",
    ),
    Failure(
        "cloudflare_526",
        "The certificate of the server behind Cloudflare is not valid (526)",
        "customer",
        "Install a valid certificate on the server behind Cloudflare, such as an origin"
        " certificate.",
    ),
    Failure(
        "cloudflare_527",
        "The connection between Cloudflare and Railgun failed (527)",
        "customer",
        "Turn Railgun off; Cloudflare no longer supports it.",
    ),
    Failure(
        "cloudflare_530",
        "Cloudflare cannot find the receiver's server (530)",
        "customer",
        "Look up the 1xxx error in the response: often the DNS name of the server or a tunnel is"
        " gone.",
    ),
)

_CAUSES: Final = {
    520: "the server of {} answered Cloudflare with something unusable",
    521: "the server of {} refuses Cloudflare's connections",
    522: "the server of {} did not accept Cloudflare's connection in time",
    523: "Cloudflare cannot reach the server of {}",
    524: "the server of {} took Cloudflare's request but did not respond in time",
    525: "the TLS handshake between Cloudflare and the server of {} failed",
    526: "Cloudflare does not accept the certificate of the server of {}",
    527: "Cloudflare's Railgun connection to the server of {} failed",
    530: "Cloudflare cannot find the server of {}",
}


def explain_cloudflare(record: AttemptRecord) -> Finding | None:
    """One of Cloudflare's own statuses; None for any other. They are nobody else's, so that the
    status is enough."""
    words = _CAUSES.get(record.status)
    if words is None:
        return None
    cause = f"{words.format(record.host)[:1].upper()}{words.format(record.host)[1:]}."
    evidence = answered(record, "Server", "CF-Ray")
    return Finding(f"cloudflare_{record.status}", cause, evidence)
