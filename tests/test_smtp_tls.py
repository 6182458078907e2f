"""A password goes over TLS to a server that proves its name, or it does not go at all."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from publisher.bootstrap import transport
from publisher.config import Config
from publisher.delivery.smtp.tls import verifying
from publisher.delivery.transport import UnreachableError
from publisher.errors import UsageError
from publisher.store.engine import Store, open_store
from tests.certificates import Authority
from tests.sending import edition, send, smtp, states
from tests.smtp_server import EXTENSIONS, Answer, Session, running

USER = "us%40news.example:p%40ss:word@"
USERS = {"us@news.example": "p@ss:word"}


@pytest.fixture
def store(migrated_file: Path, tmp_path: Path) -> Iterator[Store]:
    file = tmp_path / "newsroom.db"
    shutil.copyfile(migrated_file, file)
    opened = open_store(f"sqlite:///{file}")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


def check_refused(store: Store, url: str, authority: Authority | None, *said: str) -> str:
    """Nothing can be sent there, for that reason; how it is said."""
    edition_id = edition(store, 2)
    with pytest.raises(UnreachableError) as caught:
        send(store, edition_id, smtp(url, seconds=5, ca_file=authority and authority.file))
    assert states(store, edition_id) == {"pending": 2}
    assert all(part in str(caught.value) for part in said), str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("implicit", [True, False])
def test_a_server_that_proves_its_name_gets_the_password(
    store: Store, authority: Authority, implicit: bool
) -> None:
    edition_id = edition(store, 20)
    with running(tls=authority.server(), implicit=implicit, users=USERS) as server:
        send(store, edition_id, smtp(server.url(user=USER), ca_file=authority.file))
    assert states(store, edition_id) == {"accepted": 20}
    assert all(one.has_tls and one.user == "us@news.example" for one in server.sessions)


@pytest.mark.parametrize("implicit", [True, False])
@pytest.mark.parametrize(
    ("host", "expired", "said"),
    [
        ("mail.elsewhere.example", False, "certificate is not valid for 'localhost'"),
        ("localhost", True, "certificate has expired"),
    ],
)
def test_a_server_with_a_wrong_certificate_gets_nothing(
    store: Store, authority: Authority, implicit: bool, host: str, expired: bool, said: str
) -> None:
    context = authority.server(host, expired=expired)
    with running(tls=context, implicit=implicit, users=USERS) as server:
        check_refused(store, server.url(user=USER), authority, "its certificate is not good", said)
    assert not {"AUTH", "MAIL"} & set(server.verbs)


def test_a_certificate_of_an_unknown_authority_is_none(store: Store, authority: Authority) -> None:
    with running(tls=authority.server(), users=USERS) as server:
        check_refused(store, server.url(user=USER), None, "is not good", "see mail.ca_file")
    assert "AUTH" not in server.verbs


@pytest.mark.parametrize("options", ["", "?tls=required"])
def test_a_server_that_offers_no_tls_gets_no_password(store: Store, options: str) -> None:
    with running(users=USERS) as server:
        check_refused(store, server.url(options, user=USER), None, "it offers no TLS")
    assert server.verbs == ["EHLO"]


def test_tls_can_be_insisted_on_without_a_password(store: Store) -> None:
    with running() as server:
        check_refused(store, server.url("?tls=required"), None, "it offers no TLS")


def test_a_stripped_starttls_is_noticed(store: Store, authority: Authority) -> None:
    def script(_session: Session, verb: str, _argument: str) -> Answer:
        return "454 4.7.0 not available" if verb == "STARTTLS" else None

    with running(script, tls=authority.server()) as server:
        check_refused(store, server.url("?tls=required"), authority, "answers STARTTLS with 454")
    assert "MAIL" not in server.verbs


def test_tls_is_taken_where_it_is_offered_even_if_nobody_knows_the_authority(
    store: Store, authority: Authority
) -> None:
    edition_id = edition(store, 10)
    with running(tls=authority.server("anything.example")) as server:
        send(store, edition_id, smtp(server.url()))
    assert states(store, edition_id) == {"accepted": 10}
    assert all(session.has_tls for session in server.sessions)


def test_tls_can_be_left_out(store: Store, authority: Authority) -> None:
    edition_id = edition(store, 10)
    with running(tls=authority.server(), users=USERS) as server:
        send(store, edition_id, smtp(server.url("?tls=none", user=USER)))
    assert states(store, edition_id) == {"accepted": 10}
    assert not any(session.has_tls for session in server.sessions)
    assert "STARTTLS" not in server.verbs


def test_what_comes_in_the_open_after_starttls_is_not_believed(
    store: Store, authority: Authority
) -> None:
    def script(_session: Session, verb: str, _argument: str) -> Answer:
        return b"220 go\r\n250 AUTH PLAIN\r\n" if verb == "STARTTLS" else None

    with running(script, tls=authority.server(), users=USERS) as server:
        check_refused(store, server.url(user=USER), authority, "without being asked")
    assert "AUTH" not in server.verbs


def test_a_server_that_speaks_no_tls_at_all_is_an_error_that_says_so(store: Store) -> None:
    with running() as server:
        check_refused(store, server.url().replace("smtp:", "smtps:"), None, "TLS")


@pytest.mark.parametrize("kind", ["plain", "login", "cram-md5", "xoauth2"])
def test_every_mechanism_lets_us_in(store: Store, authority: Authority, kind: str) -> None:
    edition_id = edition(store, 5)
    with running(tls=authority.server(), users=USERS) as server:
        url = server.url(f"?auth={kind}", user=USER)
        send(store, edition_id, smtp(url, ca_file=authority.file))
    assert states(store, edition_id) == {"accepted": 5}
    assert all(session.user == "us@news.example" for session in server.sessions)


@pytest.mark.parametrize("kind", ["plain", "login", "cram-md5", "xoauth2"])
def test_a_wrong_password_leaves_everything_pending(
    store: Store, authority: Authority, kind: str
) -> None:
    with running(tls=authority.server(), users={"us@news.example": "another"}) as server:
        url = server.url(f"?auth={kind}", user=USER)
        said = check_refused(store, url, authority, "does not let us@news.example in: 535")
    assert "p@ss" not in said
    assert len(server.sessions) == 1, "another try would end the same"


def test_a_server_that_asks_for_ever_is_not_answered_for_ever(
    store: Store, authority: Authority
) -> None:
    def script(_session: Session, verb: str, _argument: str) -> Answer:
        return "334 QWdhaW4=" if verb in ("AUTH", "*", "") else None

    with running(script, tls=authority.server(), users=USERS) as server:
        check_refused(store, server.url(user=USER), authority, "does not let us@news.example in")
    assert len(server.verbs) < 12


def test_a_server_that_knows_only_other_mechanisms_is_an_error_that_says_so(
    store: Store, authority: Authority
) -> None:
    offered = (*EXTENSIONS, "AUTH GSSAPI NTLM")
    with running(tls=authority.server(), users=USERS, extensions=offered) as server:
        check_refused(store, server.url(user=USER), authority, "it offers GSSAPI, NTLM")


def test_a_password_file_is_read_again_for_each_connection(
    store: Store, authority: Authority, tmp_path: Path
) -> None:
    file = tmp_path / "token"
    file.write_text("first\n")
    users = {"us": "first"}

    def change(session: Session, verb: str, _argument: str) -> Answer:
        if verb == "QUIT" or (verb == "CONTENT" and session.taken == 4):
            users["us"] = f"token after {session.number}"
            file.write_text(users["us"])
        return None

    edition_id = edition(store, 20)
    with running(change, tls=authority.server(), users=users) as server:
        url = server.url(f"?auth=xoauth2&password_file={file}", user="us@")
        way = smtp(url, ca_file=authority.file, connections=1, messages_per_connection=5)
        send(store, edition_id, way)
    assert states(store, edition_id) == {"accepted": 20}
    assert len(server.sessions) == 4


def test_the_config_makes_the_transport(store: Store, authority: Authority, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("p@ss:word")
    (tmp_path / "ca.pem").write_bytes(authority.file.read_bytes())
    edition_id = edition(store, 20)
    with running(tls=authority.server(), users=USERS) as one, running() as two:
        config = Config.model_validate(
            {
                "root": tmp_path,
                "mail": {"ca_file": "ca.pem", "hello": "us.example"},
                "relays": [
                    {"url": one.url("?password_file=secret", user="us%40news.example@")},
                    {"url": two.url(), "messages_per_connection": 3, "connections": 2},
                ],
            }
        )
        send(store, edition_id, transport(config))
    assert states(store, edition_id) == {"accepted": 20}
    assert len(one.taken) + len(two.taken) == 20
    assert all(session.taken <= 3 for session in two.sessions)


def test_a_file_of_certificates_that_is_none_is_an_error_that_says_so(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"mail\.ca_file: .*nothing\.pem"):
        verifying(tmp_path / "nothing.pem")
    (tmp_path / "x.pem").write_text("no certificate")
    with pytest.raises(UsageError, match="is no file of certificates"):
        verifying(tmp_path / "x.pem")
