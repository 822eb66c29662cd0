"""The certificate of the public port."""

from angarium_chassis.process import StartRefused
from angarium_chassis.tls.certificate_files import (
    CertificateFiles,
    CertificateRefused,
    SettingNames,
)
from angarium_chassis.tls.server_certificate import ServerCertificate

from .settings import Settings

NAMES = SettingNames(
    certificate="ANGARIUM_TLS_CERTIFICATE_FILE",
    key="ANGARIUM_TLS_KEY_FILE",
    password="ANGARIUM_TLS_KEY_PASSWORD",  # noqa: S106 - the name of a setting
)


def public_certificate(settings: Settings) -> ServerCertificate | None:
    """The certificate that the settings name; None if the port is without TLS. Raises
    `StartRefused`."""
    if settings.tls_certificate_file is None:
        return None
    password = settings.tls_key_password
    files = CertificateFiles(
        settings.tls_certificate_file,
        settings.tls_key_file,
        None if password is None else password.get_secret_value(),
    )
    try:
        return ServerCertificate(files, NAMES)
    except CertificateRefused as refusal:
        raise StartRefused(str(refusal)) from None
