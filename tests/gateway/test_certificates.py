"""Certificates of one's own authority: what they are good for, until when, and what cannot happen to them."""

from __future__ import annotations

import ssl
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509

from gateway.certificates import BadCertificate, CertificateFolder, Kind, Wanted
from gateway.certificates.authority import name_of
from rules.instant import DAY_MS

NOW = int(datetime(2026, 11, 24, tzinfo=UTC).timestamp() * 1000)
DEVICE = "example/sd-101"


@pytest.fixture
def folder(tmp_path: Path) -> CertificateFolder:
    made = CertificateFolder(tmp_path / "certs")
    made.begin("Example CA", 3_650, NOW)
    return made


def certificate(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def test_a_device_s_certificate_names_it_is_for_clients_and_is_signed_by_the_authority(
    folder: CertificateFolder,
) -> None:
    issued = folder.issue(Wanted(Kind.DEVICE, DEVICE), NOW)
    made, authority = certificate(issued.certificate), certificate(folder.folder / "ca.pem")
    assert name_of(made) == DEVICE
    made.verify_directly_issued_by(authority)
    purposes = made.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert [each.dotted_string for each in purposes] == ["1.3.6.1.5.5.7.3.2"]  # clientAuth
    assert not made.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert made.not_valid_before_utc.day == 23  # for devices whose clock is slow
    ssl.create_default_context(cafile=str(folder.folder / "ca.pem")).load_cert_chain(issued.certificate, issued.key)


def test_a_server_s_certificate_holds_its_name_among_all_those_it_is_called_by(folder: CertificateFolder) -> None:
    issued = folder.issue(Wanted(Kind.SERVER, "broker.example", ("127.0.0.1", "::1", "localhost")), NOW)
    names = certificate(issued.certificate).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["broker.example", "localhost"]
    assert [str(each) for each in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1", "::1"]


def test_keys_are_for_their_owner_alone(folder: CertificateFolder) -> None:
    issued = folder.issue(Wanted(Kind.DEVICE, DEVICE), NOW)
    for key in (issued.key, folder.folder / "ca.key"):
        assert stat.S_IMODE(key.stat().st_mode) == 0o600


def test_what_is_there_is_never_overwritten(folder: CertificateFolder) -> None:
    issued = folder.issue(Wanted(Kind.DEVICE, DEVICE), NOW)
    before = issued.certificate.read_bytes(), issued.key.read_bytes(), (folder.folder / "ca.key").read_bytes()
    with pytest.raises(BadCertificate, match="is there already"):
        folder.issue(Wanted(Kind.DEVICE, DEVICE), NOW)
    with pytest.raises(BadCertificate, match="is there already"):
        folder.begin("Another CA", 10, NOW)
    assert before == (issued.certificate.read_bytes(), issued.key.read_bytes(), (folder.folder / "ca.key").read_bytes())


def test_nothing_outlasts_the_authority_that_signed_it(tmp_path: Path) -> None:
    short = CertificateFolder(tmp_path / "short")
    authority = short.begin("Short CA", 10, NOW)
    issued = short.issue(Wanted(Kind.DEVICE, DEVICE, days=700), NOW)
    assert (issued.ends, issued.cut_short) == (authority.ends, True)
    with pytest.raises(BadCertificate, match="authority's own certificate has expired on 2026-12-04"):
        short.issue(Wanted(Kind.DEVICE, "example/sd-102"), NOW + 11 * DAY_MS)


def test_a_renewed_certificate_keeps_its_names_and_has_another_key(folder: CertificateFolder) -> None:
    was = folder.issue(Wanted(Kind.SERVER, "broker.example", ("10.0.0.5",), days=30), NOW)
    before, key = certificate(was.certificate), was.key.read_bytes()
    renewed = folder.renew("broker.example", 300, NOW + 20 * DAY_MS)
    after = certificate(renewed.certificate)
    names = [each.extensions.get_extension_for_class(x509.SubjectAlternativeName).value for each in (before, after)]
    assert names[0] == names[1]
    assert (after.serial_number != before.serial_number, renewed.key.read_bytes() != key) == (True, True)
    assert (renewed.ends - was.ends).days == 290
    states = {each.serial: each.state for each in folder.entries(NOW + 20 * DAY_MS)}
    assert (states[before.serial_number], states[after.serial_number]) == ("replaced", "valid")


def test_what_is_revoked_is_everything_a_name_was_ever_given(folder: CertificateFolder) -> None:
    first = certificate(folder.issue(Wanted(Kind.DEVICE, DEVICE), NOW).certificate)
    issued = folder.renew(DEVICE, 300, NOW)
    second = certificate(issued.certificate)
    other = certificate(folder.issue(Wanted(Kind.DEVICE, "example/sd-102"), NOW).certificate)
    assert set(folder.revoke(DEVICE, NOW)) == {first.serial_number, second.serial_number}
    listed = x509.load_pem_x509_crl((folder.folder / "crl.pem").read_bytes())
    assert {each.serial_number for each in listed} == {first.serial_number, second.serial_number}
    assert listed.get_revoked_certificate_by_serial_number(other.serial_number) is None
    assert listed.is_signature_valid(certificate(folder.folder / "ca.pem").public_key())  # type: ignore[arg-type]
    assert not issued.key.exists()
    with pytest.raises(BadCertificate, match="no certificate that could be revoked"):
        folder.revoke(DEVICE, NOW)


def test_a_device_that_replaces_a_lost_one_is_given_a_certificate_under_the_same_name(
    folder: CertificateFolder,
) -> None:
    folder.issue(Wanted(Kind.DEVICE, DEVICE), NOW)
    folder.revoke(DEVICE, NOW)
    folder.issue(Wanted(Kind.DEVICE, DEVICE), NOW)
    assert sorted(each.state for each in folder.entries(NOW) if each.name == DEVICE) == ["revoked", "valid"]


def test_revocations_add_up_and_their_list_lasts_as_long_as_the_authority(folder: CertificateFolder) -> None:
    for name in ("example/a", "example/b"):
        folder.issue(Wanted(Kind.DEVICE, name), NOW)
        folder.revoke(name, NOW)
    listed = x509.load_pem_x509_crl((folder.folder / "crl.pem").read_bytes())
    assert len(list(listed)) == 2
    assert listed.next_update_utc == certificate(folder.folder / "ca.pem").not_valid_after_utc
    assert listed.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number == 3


def test_the_list_says_what_has_expired(folder: CertificateFolder) -> None:
    folder.issue(Wanted(Kind.DEVICE, DEVICE, days=30), NOW)
    states = [[each.state for each in folder.entries(NOW + days * DAY_MS) if each.name == DEVICE] for days in (29, 31)]
    assert states == [["valid"], ["expired"]]


@pytest.mark.parametrize(
    ("wanted", "fault"),
    [
        (Wanted(Kind.DEVICE, "sd-101"), "'sd-101' is not a device; expected site/device"),
        (Wanted(Kind.DEVICE, "example/a/b"), "has '/' in it"),
        (Wanted(Kind.DEVICE, "example/+"), r"has '\+' in it"),
        (Wanted(Kind.DEVICE, "../../etc"), r"has '\.' in it"),
        (Wanted(Kind.DEVICE, f"example/{'x' * 60}"), "68 characters; a common name holds 64"),
        (Wanted(Kind.CLIENT, "example/sd-101"), "is not a client's name"),
        (Wanted(Kind.CLIENT, "../ca"), "is not a client's name"),
        (Wanted(Kind.SERVER, "no host"), "neither a host name nor an IP address"),
        (Wanted(Kind.SERVER, "broker", ("10.0.0.300/x",)), "neither a host name nor an IP address"),
        (Wanted(Kind.DEVICE, DEVICE, days=0), "0 days; expected more than 0"),
        (Wanted(Kind.DEVICE, DEVICE, days=100_000), "at most 3660"),
    ],
    ids=lambda value: value.name if isinstance(value, Wanted) else "",
)
def test_a_wish_that_cannot_be_fulfilled_is_refused_with_what_was_expected(
    folder: CertificateFolder, wanted: Wanted, fault: str
) -> None:
    with pytest.raises(BadCertificate, match=fault):
        folder.issue(wanted, NOW)
    assert not (folder.folder / "clients").exists()


@pytest.mark.parametrize("name", ["ca.pem", "ca.key", "crl.pem"])
def test_a_folder_whose_files_are_broken_says_which_one(folder: CertificateFolder, name: str) -> None:
    folder.issue(Wanted(Kind.DEVICE, DEVICE), NOW)
    (folder.folder / name).write_text("-----BEGIN NOTHING-----\n")
    with pytest.raises(BadCertificate, match=name.replace(".", r"\.")):
        folder.revoke(DEVICE, NOW)


def test_a_key_that_is_not_the_authority_s_signs_nothing(folder: CertificateFolder, tmp_path: Path) -> None:
    other = CertificateFolder(tmp_path / "other")
    other.begin("Other CA", 10, NOW)
    (folder.folder / "ca.key").write_bytes((tmp_path / "other" / "ca.key").read_bytes())
    with pytest.raises(BadCertificate, match="is not the key of"):
        folder.issue(Wanted(Kind.DEVICE, DEVICE), NOW)


def test_a_folder_that_was_not_begun_says_how_one_begins(tmp_path: Path) -> None:
    with pytest.raises(BadCertificate, match="is not there; `tocsin certs init` begins a folder"):
        CertificateFolder(tmp_path).issue(Wanted(Kind.DEVICE, DEVICE), NOW)
