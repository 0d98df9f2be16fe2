"""X.509 certificates and revocation lists (RFC 5280), made and signed; no files, and time is an argument.

ECDSA on P-256 with SHA-256: what the TLS of small devices can do. One authority, nothing between it and the leaves.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from enum import Enum
from ipaddress import ip_address
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from rules.file_types import check_id
from rules.instant import Instant

Key = ec.EllipticCurvePrivateKey

COMMON_NAME_CHARS_MAX = 64  # RFC 5280, ub-common-name
DAYS_MAX = 3_660  # ten years: what is to last longer belongs to a real authority
CA_DAYS, SERVER_DAYS, CLIENT_DAYS = 3_650, 397, 730  # 397: what browsers take of a server's at most
_BACKDATED = timedelta(days=1)  # a device whose clock is slow would take a new certificate for one of tomorrow
_PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_HOST_NAME = re.compile(r"(\*\.)?([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*")


class BadCertificate(ValueError):
    """What is wrong with a name, a file, a wish; in words for a person."""


class Kind(Enum):
    SERVER = "server"
    GATEWAY = "gateway"
    DEVICE = "device"
    CLIENT = "client"  # any other program: drill equipment, Zigbee2MQTT, monitoring


class Wanted(NamedTuple):
    """`name` becomes the common name, which Mosquitto takes for the user. `alternatives`: host names, IP addresses."""

    kind: Kind
    name: str
    alternatives: tuple[str, ...] = ()
    days: float = CLIENT_DAYS


def check_wanted(wanted: Wanted) -> None:
    """Raises BadCertificate."""
    kind, name = wanted.kind, wanted.name
    if len(name) > COMMON_NAME_CHARS_MAX:
        raise BadCertificate(
            f"{name!r} has {len(name)} characters; a common name holds {COMMON_NAME_CHARS_MAX}: give the device a"
            " shorter user, and name it to `tocsin acl --users`"
        )
    if kind is Kind.DEVICE:
        site, slash, device = name.partition("/")
        if not slash:
            raise BadCertificate(f"{name!r} is not a device; expected site/device, as in its topic")
        for level in (site, device):
            try:
                check_id(level)
            except ValueError as error:
                raise BadCertificate(str(error)) from None
    elif kind is Kind.SERVER and not (_HOST_NAME.fullmatch(name) or _address(name)):
        raise BadCertificate(f"{name!r} is neither a host name nor an IP address")
    elif kind is not Kind.SERVER and not _PLAIN_NAME.fullmatch(name):
        raise BadCertificate(f"{name!r} is not a client's name; expected letters, digits, and . _ - within")
    for each in wanted.alternatives:
        if not (_HOST_NAME.fullmatch(each) or _address(each)):
            raise BadCertificate(f"{each!r} is neither a host name nor an IP address")
    if not 0 < wanted.days <= DAYS_MAX:
        raise BadCertificate(f"{wanted.days:g} days; expected more than 0 and at most {DAYS_MAX}")


def new_key() -> Key:
    return ec.generate_private_key(ec.SECP256R1())


def make_authority(key: Key, name: str, days: float, now: Instant) -> x509.Certificate:
    """A certificate that signs itself, and may sign leaves and revocation lists only. Raises BadCertificate."""
    if not 0 < len(name) <= COMMON_NAME_CHARS_MAX or not name.isprintable():
        raise BadCertificate(f"{name!r} is not an authority's name; expected 1 to {COMMON_NAME_CHARS_MAX} characters")
    if not 0 < days <= DAYS_MAX:
        raise BadCertificate(f"{days:g} days; expected more than 0 and at most {DAYS_MAX}")
    subject, begins = _subject(name), moment(now) - _BACKDATED
    builder = _builder(subject, subject, key, begins, moment(now) + timedelta(days=days))
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_usage(signs_others=True), critical=True)
    return builder.sign(key, SHA256())


def issue(authority: x509.Certificate, authority_key: Key, key: Key, wanted: Wanted, now: Instant) -> x509.Certificate:
    """Never longer than the authority itself lasts. Raises BadCertificate."""
    check_wanted(wanted)
    begins, ends = moment(now) - _BACKDATED, moment(now) + timedelta(days=wanted.days)
    if authority.not_valid_after_utc <= moment(now):
        raise BadCertificate(f"the authority's own certificate has expired on {authority.not_valid_after_utc:%Y-%m-%d}")
    ends = min(ends, authority.not_valid_after_utc)
    builder = _builder(_subject(wanted.name), authority.subject, key, begins, ends)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(_usage(signs_others=False), critical=True)
    purpose = ExtendedKeyUsageOID.SERVER_AUTH if wanted.kind is Kind.SERVER else ExtendedKeyUsageOID.CLIENT_AUTH
    builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
    builder = builder.add_extension(_signed_by(authority), critical=False)
    names = _alternatives(wanted)
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(authority_key, SHA256())


def make_revocations(
    authority: x509.Certificate, authority_key: Key, revoked: Iterable[tuple[int, datetime]], number: int, now: Instant
) -> x509.CertificateRevocationList:
    """`revoked`: (serial, when). `number` rises with each list.

    It is good as long as the authority: a list that nobody renewed in time would shut out a whole building.
    """
    builder = x509.CertificateRevocationListBuilder().issuer_name(authority.subject)
    builder = builder.last_update(moment(now) - _BACKDATED).next_update(authority.not_valid_after_utc)
    builder = builder.add_extension(x509.CRLNumber(number), critical=False)
    builder = builder.add_extension(_signed_by(authority), critical=False)
    for serial, when in revoked:
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(when)
        builder = builder.add_revoked_certificate(entry.build())
    return builder.sign(authority_key, SHA256())


def name_of(certificate: x509.Certificate) -> str:
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else ""


def alternatives_of(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    return tuple(str(each.value) for each in names)


def moment(now: Instant) -> datetime:
    """Whole seconds, as certificates have them."""
    return datetime.fromtimestamp(now // 1000, UTC)


def _subject(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: Key, begins: datetime, ends: datetime
) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(begins).not_valid_after(ends)
    return builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)


def _usage(*, signs_others: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_others,
        key_cert_sign=signs_others,
        crl_sign=signs_others,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _signed_by(authority: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    identifier = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)


def _alternatives(wanted: Wanted) -> list[x509.GeneralName]:
    """A server's own name is among them: nobody looks at its common name any more (RFC 9525)."""
    names = (wanted.name, *wanted.alternatives) if wanted.kind is Kind.SERVER else wanted.alternatives
    return [x509.IPAddress(ip_address(each)) if _address(each) else x509.DNSName(each) for each in dict.fromkeys(names)]


def _address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
