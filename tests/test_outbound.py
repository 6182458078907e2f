"""No address that a stranger gives leads into the local network, or holds us up."""

from __future__ import annotations

import asyncio
import ipaddress
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from publisher.errors import FetchError, PrivateAddressError
from publisher.outbound import Answer, _tls, exchange, is_public, refuse_private, resolve, target_of
from tests import partner as partners
from tests.partner import Partner


@pytest.fixture
def partner() -> Iterator[Partner]:
    with partners.partner() as made:
        yield made


def get(url: str, *, seconds: float = 2, private: bool = True, wanted: int = 0) -> Answer:
    return asyncio.run(
        exchange("GET", url, seconds=seconds, private=private, setting="x.y", wanted=wanted)
    )


PRIVATE = [
    "127.0.0.1", "127.1", "0x7f.1", "0x7f000001", "2130706433", "0177.0.0.1", "10.1.2.3",
    "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
    "255.255.255.255", "198.18.0.1", "[::1]", "[::]", "[fe80::1]", "[fec0::1]", "[fd00::1]",
    "[::ffff:127.0.0.1]", "[::ffff:a9fe:a9fe]", "[::127.0.0.1]", "[64:ff9b::7f00:1]",
    "[64:ff9b::10.0.0.1]", "[2002:7f00:1::]", "[2001:db8::1]", "[ff02::1]",
]  # fmt: skip


@pytest.mark.parametrize("host", PRIVATE)
def test_an_address_of_the_local_network_is_refused_in_every_spelling(host: str) -> None:
    with pytest.raises(PrivateAddressError, match="local network"):
        refuse_private(target_of(f"http://{host}:80/"), setting="x.y")
    with pytest.raises(FetchError, match=r"local network.*Set x\.y|cannot be found"):
        resolve(target_of(f"http://{host}:80/"), private=False, setting="x.y")


def test_a_name_is_refused_for_where_it_leads(partner: Partner) -> None:
    port = partner.address.rpartition(":")[2]
    refuse_private(target_of("http://localhost/"), setting="x.y")  # no name server is asked here
    with pytest.raises(PrivateAddressError, match=r"localhost is (127\.0\.0\.1|::1)"):
        get(f"http://localhost:{port}/", private=False)
    assert partner.received == []


@pytest.mark.parametrize("host", ["8.8.8.8", "[2606:4700::1111]", "[64:ff9b::808:808]"])
def test_a_public_address_is_not_refused(host: str) -> None:
    refuse_private(target_of(f"https://{host}/"), setting="x.y")


@given(st.ip_addresses(v=4))
def test_an_address_is_the_same_in_the_coat_of_the_other_kind(ip: ipaddress.IPv4Address) -> None:
    for coat in ("::ffff:", "64:ff9b::", "::"):
        assert is_public(f"{coat}{ip}") == is_public(str(ip))


@pytest.mark.parametrize(
    ("url", "authority", "port", "path"),
    [
        ("https://A.Example", "a.example", 443, "/"),
        ("http://a.example:8080?x=1#y", "a.example:8080", 8080, "/?x=1"),
        ("http://a.example/ä b/%C3%A4?q=ü", "a.example", 80, "/%C3%A4%20b/%C3%A4?q=%C3%BC"),
        ("http://bücher.example/", "xn--bcher-kva.example", 80, "/"),
        ("http://[2001:db8::1]:81/", "[2001:db8::1]:81", 81, "/"),
        ("http://user:word@a.example/", "a.example", 80, "/"),
    ],
)
def test_an_address_is_taken_apart(url: str, authority: str, port: int, path: str) -> None:
    target = target_of(url)
    assert (target.authority, target.port, target.path) == (authority, port, path)


@pytest.mark.parametrize(
    "url", ["ftp://a.example/", "http://", "http:///x", "http://a:x/", "http://[::1/", "x", "",
            "http://" + "a" * 300 + ".example/"]
)  # fmt: skip
def test_what_is_no_address_is_an_error(url: str) -> None:
    with pytest.raises(FetchError, match="is not an"):
        target_of(url)


def test_only_so_much_of_an_answer_is_read_as_is_wanted(partner: Partner) -> None:
    partner.manners["/"] = partners.answering(203, b"word" * 100)
    assert get(partner.address, wanted=6) == Answer(203, b"wordwo")
    assert get(partner.address) == Answer(203, b"")
    partner.manners["/endless"] = partners.endless
    assert get(f"{partner.address}/endless", wanted=10).body == b"z" * 10


def test_a_redirect_is_an_answer_and_not_followed(partner: Partner) -> None:
    partner.manners["/a"] = partners.answering(302, Location=f"{partner.address}/b")
    assert get(f"{partner.address}/a").status == 302
    assert [r.path for r in partner.received] == ["/a"]


def test_an_early_hint_is_not_taken_for_the_answer(partner: Partner) -> None:
    def hinting(handler: partners.Handler, _received: partners.Received) -> None:
        handler.wfile.write(b"HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n")
        handler.say(404)

    partner.manners["/"] = hinting
    assert get(partner.address).status == 404


@pytest.mark.parametrize(
    ("manners", "said"),
    [
        (partners.silent, "did not answer within 0.3 s"),
        (partners.dripping, "did not answer within 0.3 s"),
        (partners.closing, "without an answer"),
        (partners.babbling, "does not speak HTTP"),
    ],
    ids=["silent", "dripping", "closing", "babbling"],
)
def test_bad_manners_are_an_error_in_time(
    partner: Partner, manners: partners.Manners, said: str
) -> None:
    partner.manners["/secret-path"] = manners
    start = time.monotonic()
    with pytest.raises(FetchError, match=said) as caught:
        get(f"{partner.address}/secret-path", seconds=0.3)
    assert time.monotonic() - start < 2
    assert "secret-path" not in str(caught.value), "the rest of an address may be a secret"


def test_a_head_without_an_end_is_not_kept(partner: Partner) -> None:
    def talking(handler: partners.Handler, _received: partners.Received) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            handler.wfile.write(b"X-Word: " + b"z" * 8000 + b"\r\n")

    partner.manners["/"] = talking
    with pytest.raises(FetchError, match="has no end"):
        get(partner.address, seconds=5)


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate of its own authority for `localhost`, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    file = tmp_path / "certificate.pem"
    file.write_bytes(key.private_bytes(pem, *private) + made.public_bytes(pem))
    return file


def test_a_secure_callback_must_prove_its_name(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with partners.partner(certificate=certificate) as secure:
        port = secure.address.rpartition(":")[2]
        _tls.cache_clear()
        with pytest.raises(FetchError, match="certificate verify failed"):
            get(f"https://localhost:{port}/")
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        _tls.cache_clear()
        assert get(f"https://localhost:{port}/").status == 200
        with pytest.raises(FetchError, match="certificate verify failed"):
            get(f"https://127.0.0.1:{port}/")
    _tls.cache_clear()


def test_nobody_there_is_an_error_that_says_so() -> None:
    with pytest.raises(FetchError, match="cannot be reached"):
        get("http://127.0.0.1:9/")
