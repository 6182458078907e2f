"""An SMTP server that does as a test says: a real one, on a socket, in a thread of its own.

It takes mail strictly by RFC 5321, and remembers what it took. A `script` may answer anything else
to any command, or do worse.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import ssl
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

EXTENSIONS = ("PIPELINING", "8BITMIME", "SMTPUTF8", "SIZE 10000000", "ENHANCEDSTATUSCODES")
OK, START = "250 2.0.0 Ok", "354 go ahead"


class Do(Enum):
    """What a server may do instead of answering."""

    CLOSE = "close the connection"
    RESET = "reset the connection"
    NOTHING = "stay silent"
    TAKE_AND_CLOSE = "take the message, and close without a word"


@dataclass
class Session:
    """One connection."""

    number: int
    taken: int = 0
    sender: str = ""
    recipients: list[str] = field(default_factory=list)
    has_tls: bool = False
    user: str = ""


Answer = str | bytes | Do | None
Script = Callable[[Session, str, str], Answer]


def agreeable(_session: Session, _verb: str, _argument: str) -> Answer:
    """Say what the RFC says."""
    return None


@dataclass
class Mail:
    """What was taken; `data` as it was before dots were stuffed."""

    sender: str
    recipient: str
    data: bytes


class Server:
    """`script(session, verb, argument)` answers, or None lets the server do so itself.

    Verbs are CONNECT, those of the commands, PART for the beginning of a message and CONTENT for
    one that has come in. A reply of bytes goes out as it is. With `tls` it offers STARTTLS, or
    speaks TLS from the first byte.
    """

    def __init__(
        self,
        script: Script = agreeable,
        extensions: tuple[str, ...] = EXTENSIONS,
        tls: ssl.SSLContext | None = None,
        implicit: bool = False,
        users: dict[str, str] | None = None,
    ) -> None:
        self.script, self.extensions, self.tls, self.implicit = script, extensions, tls, implicit
        self.users = users or {}
        self.port = 0
        self.delay = 0.0
        self.taken: list[Mail] = []
        self.verbs: list[str] = []
        self.sessions: list[Session] = []
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def recipients(self) -> list[str]:
        """Whom the messages went to, in the order in which they were taken."""
        return [mail.recipient for mail in self.taken]

    def url(self, options: str = "", user: str = "") -> str:
        """Its address for the config."""
        scheme = "smtps" if self.implicit else "smtp"
        return f"{scheme}://{user}localhost:{self.port}{options}"

    def start(self) -> None:
        """Listen on a free port, or on the one that it had before."""
        ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, args=[ready], daemon=True)
        self._thread.start()
        ready.wait()

    def stop(self) -> None:
        """Close the port and all connections."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self, ready: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        context = self.tls if self.implicit else None
        listening = asyncio.start_server(
            self._accept, "127.0.0.1", self.port, ssl=context, limit=2**24
        )
        server = self._loop.run_until_complete(listening)
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        self._loop.run_forever()
        server.close()
        for task in self._tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*self._tasks, return_exceptions=True))
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        session = Session(len(self.sessions) + 1, has_tls=self.implicit)
        self.sessions.append(session)
        try:
            await _Conversation(self, session, reader, writer).run()
        except (OSError, EOFError, ssl.SSLError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()


class _Conversation:
    def __init__(
        self,
        server: Server,
        session: Session,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self.server, self.session, self.reader, self.writer = server, session, reader, writer
        self.chunks = b""

    async def run(self) -> None:
        if not await self.say("CONNECT", "", "220 test.example ESMTP"):
            return
        while line := await self.reader.readline():
            await asyncio.sleep(self.server.delay)
            verb, _, argument = line.decode("utf-8", "replace").strip().partition(" ")
            self.server.verbs.append(verb.upper())
            if not await self.obey(verb.upper(), argument):
                return

    async def obey(self, verb: str, argument: str) -> bool:
        method = getattr(self, f"do_{verb.lower()}", None)
        if method is None:
            return await self.say(verb, argument, "500 5.5.1 what?")
        went_on: bool = await method(argument)
        return went_on

    async def say(self, verb: str, argument: str, usual: str) -> bool:
        """Answer by the script, or as usual; whether the conversation goes on."""
        return await self.perform(self.server.script(self.session, verb, argument), usual)

    async def perform(self, said: Answer, usual: str) -> bool:
        if said is Do.RESET:
            self.writer.transport.abort()
        if said is Do.NOTHING:
            await asyncio.sleep(3600)
        if isinstance(said, Do):
            return False
        if isinstance(said, bytes):
            self.writer.write(said)
        else:
            self.writer.write(f"{said or usual}\r\n".encode())
        self.last = "" if isinstance(said, bytes) else said or usual
        await self.writer.drain()
        return not self.last.startswith("421")

    async def do_ehlo(self, argument: str) -> bool:
        offered = list(self.server.extensions)
        if self.server.tls and not self.session.has_tls:
            offered.append("STARTTLS")
        if self.server.users and not any(one.startswith("AUTH") for one in offered):
            offered.append("AUTH PLAIN LOGIN CRAM-MD5 XOAUTH2")
        lines = ["test.example", *offered]
        ends = ["-"] * (len(lines) - 1) + [" "]
        text = "\r\n".join(f"250{end}{line}" for end, line in zip(ends, lines, strict=True))
        return await self.say("EHLO", argument, text)

    async def do_helo(self, argument: str) -> bool:
        return await self.say("HELO", argument, "250 test.example")

    async def do_starttls(self, argument: str) -> bool:
        if not await self.say("STARTTLS", argument, "220 2.0.0 ready"):
            return False
        if self.last.startswith("220"):
            assert self.server.tls is not None
            await self.writer.start_tls(self.server.tls)
            self.session.has_tls = True
        return True

    async def do_mail(self, argument: str) -> bool:
        if self.session.sender:
            return await self.say("MAIL", argument, "503 5.5.1 nested MAIL")
        went_on = await self.say("MAIL", argument, OK)
        if self.last.startswith("2"):
            self.session.sender = argument
            self.session.recipients = []
        return went_on

    async def do_rcpt(self, argument: str) -> bool:
        if not self.session.sender:
            return await self.perform(None, "503 5.5.1 MAIL first")
        went_on = await self.say("RCPT", argument, OK)
        if self.last.startswith("2"):
            self.session.recipients.append(argument.partition("<")[2].partition(">")[0])
        return went_on

    async def do_data(self, argument: str) -> bool:
        if not self.session.recipients:
            return await self.say("DATA", argument, "554 5.5.1 no valid recipients")
        went_on = await self.say("DATA", argument, START)
        return went_on and (not self.last.startswith("354") or await self.content())

    async def content(self) -> bool:
        lines = [await self.reader.readline()]
        if lines[0] == b".\r\n":
            return await self.taken(b"")
        if await self.breaks_off():
            return False
        while (line := await self.reader.readline()) != b".\r\n":
            if not line:
                return False
            lines.append(line)
        return await self.taken(b"".join(line.removeprefix(b".") for line in lines))

    async def breaks_off(self) -> bool:
        """Whether it closes the connection in the middle of a message."""
        return self.server.script(self.session, "PART", "") is not None

    async def do_bdat(self, argument: str) -> bool:
        size, _, last = argument.partition(" ")
        self.chunks += await self.reader.readexactly(min(int(size), 10))
        if await self.breaks_off():
            return False
        self.chunks += await self.reader.readexactly(max(0, int(size) - 10))
        if not self.session.recipients:
            self.chunks = b""
            return await self.perform(None, "503 5.5.1 no valid recipients")
        if last.upper() != "LAST":
            return await self.say("BDAT", argument, OK)
        data, self.chunks = self.chunks, b""
        return await self.taken(data)

    async def taken(self, data: bytes) -> bool:
        session = self.session
        recipients, sender = session.recipients, session.sender
        session.recipients, session.sender = [], ""
        said = self.server.script(session, "CONTENT", ",".join(recipients))
        if said in (None, Do.TAKE_AND_CLOSE) or (isinstance(said, str) and said.startswith("2")):
            session.taken += 1
            self.server.taken += [Mail(sender, one, data) for one in recipients]
        return await self.perform(said, f"{OK}: queued as {len(self.server.taken)}")

    async def do_rset(self, argument: str) -> bool:
        self.session.sender, self.session.recipients = "", []
        return await self.say("RSET", argument, OK)

    async def do_quit(self, argument: str) -> bool:
        await self.say("QUIT", argument, "221 2.0.0 bye")
        return False

    async def do_auth(self, argument: str) -> bool:
        kind, _, initial = argument.partition(" ")
        said = self.server.script(self.session, "AUTH", argument)
        if said is not None:
            return await self.perform(said, "")
        user = await getattr(self, f"auth_{kind.lower().replace('-', '_')}")(initial)
        self.session.user = user
        return await self.perform(None, "235 2.7.0 welcome" if user else "535 5.7.8 who are you?")

    async def asked(self, challenge: bytes) -> bytes:
        self.writer.write(b"334 " + base64.b64encode(challenge) + b"\r\n")
        return base64.b64decode(await self.reader.readline())

    async def auth_plain(self, initial: str) -> str:
        _, user, password = base64.b64decode(initial).decode().split("\0")
        return user if self.server.users.get(user) == password else ""

    async def auth_login(self, _initial: str) -> str:
        user = (await self.asked(b"Username:")).decode()
        password = (await self.asked(b"Password:")).decode()
        return user if self.server.users.get(user) == password else ""

    async def auth_cram_md5(self, _initial: str) -> str:
        challenge = b"<1896.697170952@test.example>"
        user, _, proof = (await self.asked(challenge)).decode().partition(" ")
        key = self.server.users.get(user, "").encode()
        return user if hmac.new(key, challenge, "md5").hexdigest() == proof else ""

    async def auth_xoauth2(self, initial: str) -> str:
        user, bearer, *_ = base64.b64decode(initial).decode().split("\1")
        name, token = user.removeprefix("user="), bearer.removeprefix("auth=Bearer ")
        if self.server.users.get(name) == token:
            return name
        await self.asked(b'{"status":"401"}')
        return ""


@contextmanager
def running(script: Script = agreeable, **more: object) -> Iterator[Server]:
    """A server that runs inside the block."""
    server = Server(script, **more)  # type: ignore[arg-type]
    server.start()
    try:
        yield server
    finally:
        server.stop()


def main(file: Path) -> None:
    """Take mail until standard input ends; each recipient is in the file before it is told so."""
    with file.open("ab", buffering=0) as record:

        def script(_session: Session, verb: str, recipients: str) -> None:
            if verb == "CONTENT":
                record.write(f"{recipients}\n".encode())

        with running(script) as server:
            print(server.port, flush=True)  # noqa: T201 - whoever started us waits for it
            sys.stdin.read()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
