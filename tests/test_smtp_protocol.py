"""What servers say is understood, and what nobody can understand does no harm."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.config.servers import parse_server
from publisher.delivery.lines import mail_text
from publisher.delivery.smtp import auth
from publisher.delivery.smtp.commands import Features, UnfitError, envelope, features_of
from publisher.delivery.smtp.replies import GarbageError, Parser, Reply
from publisher.delivery.verdict import fault_of
from publisher.model import Fault

TEXT = mail_text(b"Subject: x\r\n\r\nHi\r\n")
replies = st.lists(
    st.builds(
        lambda code, lines: (code, lines),
        st.integers(200, 599),
        st.lists(st.text("abc XYZ.-0=", max_size=20).map(str.encode), min_size=1, max_size=4),
    ),
    max_size=6,
)


def written(code: int, lines: list[bytes]) -> bytes:
    marks = [b"-"] * (len(lines) - 1) + [b" "]
    parts = (b"%d%b%b\r\n" % (code, mark, line) for mark, line in zip(marks, lines, strict=True))
    return b"".join(parts)


@given(replies, st.data())
def test_replies_come_out_whole_however_they_were_cut_on_the_way(
    wanted: list[tuple[int, list[bytes]]], data: st.DataObject
) -> None:
    stream = b"".join(written(code, lines) for code, lines in wanted)
    parser, found = Parser(), []
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        found += parser.feed(stream[:size])
        stream = stream[size:]
    assert found == [Reply(code, b"\n".join(lines)) for code, lines in wanted]
    assert parser.is_empty


@given(st.lists(st.binary(max_size=60) | st.just(b"250 ok\r\n") | st.just(b"250-ok\r\n")))
def test_garbage_is_an_error_or_a_reply_and_nothing_else(chunks: list[bytes]) -> None:
    parser = Parser()
    for chunk in chunks:
        try:
            found = parser.feed(chunk)
        except GarbageError as error:
            said = str(error)
        else:
            said = ""
            assert all(200 <= reply.code <= 599 and reply.text.isprintable() for reply in found)
        assert len(said) < 500
        if said:
            break


def fed(chunk: bytes, times: int) -> None:
    parser = Parser()
    for _ in range(times):
        parser.feed(chunk)


def test_an_endless_line_is_given_up_early() -> None:
    fed(b"2" * 1000, times=4)
    with pytest.raises(GarbageError, match="longer than 4096 bytes"):
        fed(b"2" * 1000, times=5)


def test_a_line_of_ten_megabytes_at_once_is_refused() -> None:
    with pytest.raises(GarbageError):
        Parser().feed(b"250 " + b"x" * 10_000_000 + b"\r\n")


def test_an_endless_reply_is_given_up_early() -> None:
    fed(b"250-and so on\r\n", times=128)
    with pytest.raises(GarbageError, match="more than 128 lines"):
        fed(b"250-and so on\r\n", times=129)


@pytest.mark.parametrize("data", [b"250-yes\r\n550 no\r\n", b"ok\r\n", b"99 x\r\n", b"250x\r\n"])
def test_a_reply_that_nobody_can_be_sure_of_is_none(data: bytes) -> None:
    with pytest.raises(GarbageError):
        Parser().feed(data)


def test_replies_of_old_servers_are_understood() -> None:
    assert Parser().feed(b"250\r\n250 \n220 hi\n") == [
        Reply(250, b""), Reply(250, b""), Reply(220, b"hi"),
    ]  # fmt: skip


def test_extensions_are_read_whatever_their_spelling() -> None:
    said = b"mx.example\npipelining\nSIZE 35882577\nAUTH=LOGIN\nAUTH PLAIN LOGIN\nX-A b\n8BITMIME"
    assert features_of(Reply(250, said)) == Features(
        pipelining=True, eight_bit=True, size=35882577, has_size=True,
        auth=frozenset({"PLAIN", "LOGIN"}),
    )  # fmt: skip
    assert features_of(Reply(250, b"mx\nSIZE 99999999999999999999999")).size == 0
    assert features_of(Reply(250, b"mx")) == Features()


@given(st.binary(max_size=300))
def test_any_answer_to_ehlo_is_read(said: bytes) -> None:
    assert isinstance(features_of(Reply(250, said)), Features)


@pytest.mark.parametrize(
    ("sender", "recipient", "offered", "mail", "rcpt"),
    [
        ("a@b.example", "c@d.example", {}, b"MAIL FROM:<a@b.example>", b"RCPT TO:<c@d.example>"),
        (
            "a@b.example", "c@bücher.example", {},
            b"MAIL FROM:<a@b.example>", b"RCPT TO:<c@xn--bcher-kva.example>",
        ),
        (
            "a@b.example", "jürgen@bücher.example", {"utf8": True},
            b"MAIL FROM:<a@b.example> SMTPUTF8", "RCPT TO:<jürgen@xn--bcher-kva.example>".encode(),
        ),
        (
            "a@b.example", "c@d.example", {"has_size": True, "size": 100},
            b"MAIL FROM:<a@b.example> SIZE=18", b"RCPT TO:<c@d.example>",
        ),
    ],
)  # fmt: skip
def test_the_envelope_says_what_the_server_knows(
    sender: str, recipient: str, offered: dict[str, Any], mail: bytes, rcpt: bytes
) -> None:
    made = envelope(sender, recipient, TEXT, Features(**offered))
    assert made == (mail + b"\r\n", rcpt + b"\r\n")


def test_eight_bits_go_only_to_who_takes_them() -> None:
    text = mail_text("Subject: x\r\n\r\nJürgen\r\n".encode())
    made = envelope("a@b.example", "c@d.example", text, Features(eight_bit=True))
    assert made.mail == b"MAIL FROM:<a@b.example> BODY=8BITMIME\r\n"
    with pytest.raises(UnfitError, match="no 8-bit mail"):
        envelope("a@b.example", "c@d.example", text, Features())


@pytest.mark.parametrize(
    ("recipient", "features", "said"),
    [
        ("jürgen@d.example", Features(), "no international address"),
        ("c@d.example", Features(size=10), "at most 10 bytes, and it has 18"),
        ("c d@d.example", Features(), "no address"),
        ("ü ü@d.example", Features(utf8=True), "is no address"),
        ("c" * 400 + "@d.example", Features(), "no address"),
    ],
)
def test_what_a_server_cannot_take_is_said_before_it_is_asked(
    recipient: str, features: Features, said: str
) -> None:
    with pytest.raises(UnfitError, match=said):
        envelope("a@b.example", recipient, TEXT, features)


def test_the_best_mechanism_is_taken_and_tokens_only_on_demand() -> None:
    offered = {"LOGIN", "PLAIN", "CRAM-MD5", "XOAUTH2"}
    assert auth.mechanism(offered, None, tls=True) == "plain"
    assert auth.mechanism(offered, None, tls=False) == "cram-md5"
    assert auth.mechanism(offered, "xoauth2", tls=True) == "xoauth2"
    assert auth.mechanism({"LOGIN"}, None, tls=True) == "login"
    assert auth.mechanism({"LOGIN"}, "plain", tls=True) is None
    assert auth.mechanism({"XOAUTH2", "GSSAPI"}, None, tls=True) is None


def test_the_answers_are_those_of_the_standards() -> None:
    assert auth.first_command("plain", "tim", "tanstaaftanstaaf") == (
        b"AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm\r\n"  # RFC 4616, 4
    )
    challenge = base64.b64encode(b"<1896.697170952@postoffice.reston.mci.net>")
    assert base64.b64decode(auth.answer("cram-md5", "tim", "tanstaaftanstaaf", challenge, 0)) == (
        b"tim b913a602c7eda7a495b4e6e7334d3890"  # RFC 2195, 2
    )
    assert base64.b64decode(auth.answer("login", "tim", "secret", b"", 1)) == b"secret"
    with pytest.raises(ValueError, match="more than LOGIN has"):
        auth.answer("login", "tim", "secret", b"", 2)
    with pytest.raises(ValueError, match=r".+"):
        auth.answer("cram-md5", "tim", "secret", b"not base64!", 0)


@pytest.mark.parametrize(
    ("url", "tls", "port"),
    [
        ("smtp://mail.example", "opportunistic", 25),
        ("smtp://user:p%40ss@mail.example:587", "required", 587),
        ("smtps://user:p%40ss@mail.example", "implicit", 465),
        ("smtp://user:x@mail.example?tls=none", "none", 25),
        ("smtp://[::1]:2525/?tls=required", "required", 2525),
    ],
)
def test_a_servers_address_says_how_to_talk_to_it(url: str, tls: str, port: int) -> None:
    server = parse_server(url)
    assert (server.tls, server.port) == (tls, port)
    assert "p@ss" not in server.place


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("smtp://a@b?tls=maybe", "tls is required, opportunistic or none"),
        ("smtps://b?tls=none", "TLS from the first byte"),
        ("smtp://b?auth=plain", "needs a user"),
        ("smtp://u:p@b?auth=gssapi", "auth is one of plain"),
        ("smtp://b?colour=red", "unknown option 'colour'"),
        ("http://b", "not smtp://"),
        ("smtp://b/path", "not smtp://"),
        ("smtp://b:port", r".+"),
    ],
)
def test_a_wrong_address_is_an_error_that_says_why(url: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse_server(url)


@pytest.mark.parametrize(
    ("reply", "stage", "fault"),
    [
        ("550 5.1.1 no such user", "RCPT", Fault.ADDRESS),
        ("550 5.1.10 null MX", "RCPT", Fault.ADDRESS),
        ("550 5.1.2 bad domain", "CONTENT", Fault.ADDRESS),
        ("553 5.1.3 bad syntax", "RCPT", Fault.ADDRESS),
        ("550 5.2.1 account disabled", "RCPT", Fault.ADDRESS),
        ("550 No such user here", "RCPT", Fault.ADDRESS),
        ("550 User unknown", "RCPT", Fault.ADDRESS),
        ("550 5.1.1 no such user", "MAIL", Fault.POLICY),
        ("550 5.1.8 sender's domain is bad", "MAIL", Fault.POLICY),
        ("550 rejected", "RCPT", Fault.SERVER),
        ("552 5.2.2 mailbox full", "RCPT", Fault.MAILBOX),
        ("552 mailbox full", "RCPT", Fault.MAILBOX),
        ("552 5.3.4 too big", "MAIL", Fault.CONTENT),
        ("554 5.6.0 malformed", "CONTENT", Fault.CONTENT),
        ("550 5.7.1 spam", "CONTENT", Fault.POLICY),
        ("550 5.7.26 unauthenticated, no such user", "CONTENT", Fault.POLICY),
        ("554 go away", "RCPT", Fault.POLICY),
        ("530 5.7.0 Must issue a STARTTLS command first", "MAIL", Fault.POLICY),
        ("554 5.4.6 routing loop", "CONTENT", Fault.SERVER),
        ("421 4.3.2 shutting down", "RCPT", Fault.RATE),
        ("451 4.7.500 server busy", "RCPT", Fault.RATE),
        ("421 4.7.28 unusual rate of mail", "CONTENT", Fault.RATE),
        ("450 too many messages", "RCPT", Fault.RATE),
        ("451 4.7.1 Greylisting in action", "RCPT", Fault.SERVER),
        ("452 4.2.2 over quota", "RCPT", Fault.MAILBOX),
        ("451 4.3.0 local error", "CONTENT", Fault.SERVER),
        ("450 5.1.1 confused", "RCPT", Fault.SERVER),
    ],
)
def test_refusals_are_told_apart(reply: str, stage: str, fault: Fault) -> None:
    code, _, text = reply.partition(" ")
    assert fault_of(Reply(int(code), text.encode()), stage) is fault
