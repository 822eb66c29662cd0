"""TLS as webhooks use it: verified, HTTP/1.1 only, TLS 1.2 at least."""

import ssl
from pathlib import Path


def client_tls_context(extra_ca_file: Path | None = None) -> ssl.SSLContext:
    """System trust plus, if given, the certificates of a PEM file.

    Raises OSError (ssl.SSLError for one that is no PEM) if the file cannot be read.
    """
    context = _strict(ssl.create_default_context())
    if extra_ca_file is not None:
        context.load_verify_locations(cafile=extra_ca_file)
    return context


def private_tls_context(ca_pem: str) -> ssl.SSLContext:
    """Trust in these CA certificates, and not in the system's.

    Raises ssl.SSLError, an OSError, or ValueError for what is no PEM.
    """
    return _strict(ssl.create_default_context(cadata=ca_pem))


def _strict(context: ssl.SSLContext) -> ssl.SSLContext:
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # The name is that of a subjectAltName: RFC 9525, section 2, ended the common name's use.
    context.hostname_checks_common_name = False
    context.set_alpn_protocols(["http/1.1"])
    return context
