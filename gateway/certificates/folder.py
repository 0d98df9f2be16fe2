"""The folder of an authority: its certificate and key, those it has issued, and the list of those it has revoked.

    ca.pem ca.key crl.pem  server/NAME.pem .key  clients/NAME.pem .key  clients/SITE/DEVICE.pem .key
    former/SERIAL.pem: what was renewed or revoked, so that it can still be revoked and told

Keys are for their owner alone (0600). Nothing that is there is ever overwritten; only `renew` replaces, and says so.
"""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID

from gateway.certificates.authority import (
    BadCertificate,
    Key,
    Kind,
    Wanted,
    alternatives_of,
    check_wanted,
    issue,
    make_authority,
    make_revocations,
    moment,
    name_of,
    new_key,
)
from rules.instant import Instant

CA, CA_KEY, CRL = "ca.pem", "ca.key", "crl.pem"
SERVERS, CLIENTS, FORMER = "server", "clients", "former"
CERTIFICATES_MAX = 100_000  # of one folder: as many as the devices the gateway is measured with


class Issued(NamedTuple):
    name: str
    certificate: Path
    key: Path
    ends: datetime
    cut_short: bool = False  # the authority's own end came first


class Entry(NamedTuple):
    """One certificate, for a list. `file` from the folder."""

    kind: str  # ca, server, client
    name: str
    serial: int
    ends: datetime
    state: str  # valid, expired, revoked, replaced
    file: str


class CertificateFolder:
    """Raises BadCertificate for what is not there, cannot be read, or must not be overwritten; OSError of the disk."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def begin(self, name: str, days: float, now: Instant) -> Issued:
        """A new authority, and its empty list of revoked certificates."""
        key = new_key()
        certificate = make_authority(key, name, days, now)
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._refuse_to_overwrite(self.folder / CA, self.folder / CA_KEY)
        _write_new(self.folder / CA_KEY, _key_pem(key), 0o600)
        _write_new(self.folder / CA, _pem(certificate), 0o644)
        self._write_revocations(certificate, key, {}, 1, now)
        return Issued(name, self.folder / CA, self.folder / CA_KEY, certificate.not_valid_after_utc)

    def issue(self, wanted: Wanted, now: Instant) -> Issued:
        check_wanted(wanted)
        authority, authority_key = self._authority()
        paths = self._paths(SERVERS if wanted.kind is Kind.SERVER else CLIENTS, wanted.name)
        self._refuse_to_overwrite(*paths)
        return self._write(authority, authority_key, wanted, paths, now)

    def renew(self, name: str, days: float, now: Instant) -> Issued:
        """The same names, another key and serial number. What it had is good until it expires, or is revoked."""
        authority, authority_key = self._authority()
        paths = self._found(name)
        was = _read_certificate(paths[0])
        wanted = Wanted(_kind_of(was, name), name, alternatives_of(was), days)
        check_wanted(wanted)
        self._put_away(was, paths)
        return self._write(authority, authority_key, wanted, paths, now)

    def revoke(self, name: str, now: Instant) -> list[int]:
        """Everything the name was ever given and that has not expired. → serial numbers. Its key is removed."""
        authority, authority_key = self._authority()
        known, number = self._revocations(authority)
        theirs = [each for each in self.entries(now) if each.name == name and each.kind != "ca"]
        fresh = [each.serial for each in theirs if each.state in ("valid", "replaced")]
        if not theirs:
            raise BadCertificate(f"{name!r} has no certificate here: {self.folder}")
        if not fresh:
            raise BadCertificate(f"{name!r} has no certificate that could be revoked: all are revoked or expired")
        known |= dict.fromkeys(fresh, moment(now))
        self._write_revocations(authority, authority_key, known, number + 1, now)
        with suppress(BadCertificate):  # all it has may be put away already
            paths = self._found(name)
            self._put_away(_read_certificate(paths[0]), paths)
        return fresh

    def entries(self, now: Instant) -> list[Entry]:
        """The authority, servers, clients by name, then what was put away."""
        authority = _read_certificate(self.folder / CA)
        revoked, _ = self._revocations(authority)
        found: list[Entry] = []
        for path in [self.folder / CA, *self._issued(SERVERS), *self._issued(CLIENTS), *self._issued(FORMER)]:
            certificate, shown = _read_certificate(path), path.relative_to(self.folder)
            state = "replaced" if shown.parts[0] == FORMER else "valid"
            if certificate.not_valid_after_utc <= moment(now):
                state = "expired"
            if certificate.serial_number in revoked:
                state = "revoked"
            kind = "ca" if path.name == CA else "server" if _is_server(certificate) else "client"
            found.append(
                Entry(
                    kind,
                    name_of(certificate),
                    certificate.serial_number,
                    certificate.not_valid_after_utc,
                    state,
                    str(shown),
                )
            )
        return found

    # ---- files

    def _authority(self) -> tuple[x509.Certificate, Key]:
        certificate = _read_certificate(self.folder / CA)
        try:
            key = load_pem_private_key(_read(self.folder / CA_KEY), None)
        except (TypeError, ValueError) as error:
            raise BadCertificate(f"{self.folder / CA_KEY} is not a private key in PEM without a password") from error
        if not isinstance(key, Key) or key.public_key() != certificate.public_key():
            raise BadCertificate(f"{self.folder / CA_KEY} is not the key of {self.folder / CA}")
        return certificate, key

    def _revocations(self, authority: x509.Certificate) -> tuple[dict[int, datetime], int]:
        """→ (serial → when, number of the list)"""
        path = self.folder / CRL
        try:
            listed = x509.load_pem_x509_crl(_read(path))
        except ValueError as error:
            raise BadCertificate(f"{path} is not a revocation list in PEM") from error
        if not listed.is_signature_valid(authority.public_key()):  # type: ignore[arg-type]
            raise BadCertificate(f"{path} is not signed by {self.folder / CA}")
        number = listed.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
        return {each.serial_number: each.revocation_date_utc for each in listed}, number

    def _write_revocations(
        self, authority: x509.Certificate, key: Key, revoked: dict[int, datetime], number: int, now: Instant
    ) -> None:
        listed = make_revocations(authority, key, revoked.items(), number, now)
        _replace(self.folder / CRL, listed.public_bytes(Encoding.PEM))

    def _write(
        self, authority: x509.Certificate, authority_key: Key, wanted: Wanted, paths: tuple[Path, Path], now: Instant
    ) -> Issued:
        key = new_key()
        certificate = issue(authority, authority_key, key, wanted, now)
        paths[0].parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _write_new(paths[1], _key_pem(key), 0o600)
        _write_new(paths[0], _pem(certificate), 0o644)
        ends = certificate.not_valid_after_utc
        return Issued(wanted.name, *paths, ends, ends == authority.not_valid_after_utc)

    def _paths(self, part: str, name: str) -> tuple[Path, Path]:
        """(certificate, key). A device's name is two levels, and so is its file's."""
        stem = self.folder / part / name.replace("*", "_")
        return stem.with_name(f"{stem.name}.pem"), stem.with_name(f"{stem.name}.key")

    def _found(self, name: str) -> tuple[Path, Path]:
        for part in (SERVERS, CLIENTS):
            paths = self._paths(part, name)
            if ".." not in Path(name).parts and paths[0].exists():
                return paths
        raise BadCertificate(f"{name!r} has no certificate here: {self.folder}")

    def _issued(self, part: str) -> list[Path]:
        found = sorted((self.folder / part).rglob("*.pem"))
        if len(found) > CERTIFICATES_MAX:
            raise BadCertificate(f"{len(found)} certificates in {self.folder / part}; at most {CERTIFICATES_MAX}")
        return found

    def _put_away(self, certificate: x509.Certificate, paths: tuple[Path, Path]) -> None:
        """The certificate stays to be told and revoked; the key goes, for nobody needs it here."""
        (self.folder / FORMER).mkdir(exist_ok=True, mode=0o700)
        paths[0].replace(self.folder / FORMER / f"{certificate.serial_number:x}.pem")
        paths[1].unlink(missing_ok=True)

    def _refuse_to_overwrite(self, *paths: Path) -> None:
        for path in paths:
            if path.exists():
                raise BadCertificate(f"{path} is there already, and is not overwritten")


def _kind_of(certificate: x509.Certificate, name: str) -> Kind:
    if _is_server(certificate):
        return Kind.SERVER
    return Kind.DEVICE if "/" in name else Kind.CLIENT


def _is_server(certificate: x509.Certificate) -> bool:
    try:
        purposes = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return False
    return ExtendedKeyUsageOID.SERVER_AUTH in purposes


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise BadCertificate(f"{path} is not there; `tocsin certs init` begins a folder") from None


def _read_certificate(path: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(_read(path))
    except ValueError as error:
        if isinstance(error, BadCertificate):
            raise
        raise BadCertificate(f"{path} is not a certificate in PEM") from error


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.PEM)


def _key_pem(key: Key) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _write_new(path: Path, content: bytes, mode: int) -> None:
    """Never over something that is there, and never readable by others in between."""
    number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(number, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def _replace(path: Path, content: bytes) -> None:
    """Whole or not at all: a broker may read it at any moment."""
    beside = path.with_name(f".{path.name}.new")
    beside.unlink(missing_ok=True)
    _write_new(beside, content, 0o644)
    beside.replace(path)
