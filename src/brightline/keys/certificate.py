"""Certificates of TLS (X.509): only what a check-up needs of them; ssl reads and verifies the rest."""

from __future__ import annotations

from datetime import datetime

from cryptography import x509

from brightline.errors import KeyFileError


def expiry(pem: bytes, place: str = "") -> datetime:
    """When the first certificate in the file stops being valid, in UTC. Raises KeyFileError."""
    try:
        return x509.load_pem_x509_certificate(pem).not_valid_after_utc
    except ValueError:
        cure = "name a file that begins with the certificate, in PEM"
        raise KeyFileError("not a certificate", place=place, cure=cure) from None
