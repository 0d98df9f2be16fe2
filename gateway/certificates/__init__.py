"""Certificates of a small site's own authority: for tests, and for sites that have no other. `tocsin certs`."""

from gateway.certificates.authority import BadCertificate, Kind, Wanted
from gateway.certificates.folder import CertificateFolder, Entry, Issued

__all__ = ["BadCertificate", "CertificateFolder", "Entry", "Issued", "Kind", "Wanted"]
