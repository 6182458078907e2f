"""Letters over one connection, a round trip each.

With PIPELINING (RFC 2920) the content of a letter and the envelope of the next leave together, and
their replies come together. More could leave at once by CHUNKING, but nothing must leave that
might have to be called uncertain without need: at most one content is on its way unanswered.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any, Protocol

from publisher.delivery.lines import MailText, for_data, mail_text
from publisher.delivery.smtp.channel import Channel, LostError, Patience
from publisher.delivery.smtp.commands import Envelope, Features, UnfitError, envelope
from publisher.delivery.smtp.replies import Reply
from publisher.delivery.transport import Answer, Fate, Letter

# The dot that ends a larger content leaves only when the rest has: until then it is not taken.
LARGE = 200_000
QUIT_SECONDS = 2.0
MOST_RETURNS = 3
RSET, DATA, LONE_DOT = b"RSET\r\n", b"DATA\r\n", b".\r\n"
BAD_SEQUENCE, CLOSING = 503, 421


class Parcel:
    """An item on its way, and how often a connection broke before its turn came."""

    __slots__ = ("is_written", "item", "letter", "outlet", "returns")

    def __init__(self, item: Any, outlet: Any) -> None:
        self.item, self.outlet = item, outlet
        self.letter: Letter
        self.is_written = False
        self.returns = 0


class Loaded:
    """A parcel with all that this connection will say about it."""

    __slots__ = ("envelope", "parcel", "text")

    def __init__(self, parcel: Parcel, text: MailText, said: Envelope) -> None:
        self.parcel, self.text, self.envelope = parcel, text, said


class Supply(Protocol):
    """Where a connection has its parcels from."""

    def take(self) -> Parcel | None:
        """The next parcel, if there is one now."""

    async def next(self) -> Parcel | None:
        """The next parcel; None when there is to be no more for this connection."""

    def back(self, parcel: Parcel) -> None:
        """A parcel was not taken, and can go over another connection."""


class Transfer:
    """Sends what its supply has, until that ends or `limit` letters have been offered (0: all)."""

    def __init__(
        self, channel: Channel, features: Features, patience: Patience, supply: Supply, limit: int
    ) -> None:
        self._channel, self._features = channel, features
        self._patience, self._supply, self._limit = patience, supply, limit
        self._stages = ("MAIL", "RCPT") if features.chunking else ("MAIL", "RCPT", "DATA")
        self._yes = [250, 250] if features.chunking else [250, 250, 354]
        self._offered = 0
        self._must_reset = self._awaits_reset = False
        self._waiting: Loaded | None = None  # its envelope is out
        self._leaving: Loaded | None = None  # its content is out, and may have been taken
        self.done = 0
        self.was_cut_short = False  # the connection broke when a letter had only been announced

    async def run(self) -> None:
        """Work to the end. Raises LostError; every parcel has been answered or given back."""
        try:
            while not self._is_tired and (parcel := await self._supply.next()):
                if self._channel.lost or self._channel.has_reply:
                    self._supply.back(parcel)
                    raise LostError(self._channel.lost or "the server spoke unasked")
                if loaded := self._load(parcel):
                    await self._send_all(loaded)
            await self._quit()
        except LostError as error:
            self._account_for(error)
            raise
        except BaseException as error:  # cancelled, or a fault of ours: no parcel is forgotten
            self._account_for(LostError(f"it was broken off: {error!r}"))
            raise
        finally:
            await self._channel.leave()

    @property
    def _is_tired(self) -> bool:
        return bool(self._limit) and self._offered >= self._limit

    async def _send_all(self, one: Loaded | None) -> None:
        """A letter, and those after it as long as there are some without waiting."""
        if one is not None:
            self._offer(one)
        while one is not None:
            agreed = await self._agreed(one)
            overlaps = agreed and self._features.pipelining and len(one.text) <= LARGE
            following = self._following() if overlaps else None
            if agreed:
                await self._hand_over(one, following)
            if not overlaps and (following := self._following()):
                self._offer(following)
            one = following

    def _following(self) -> Loaded | None:
        while not self._is_tired and (parcel := self._supply.take()):
            if loaded := self._load(parcel):
                return loaded
        return None

    def _load(self, parcel: Parcel) -> Loaded | None:
        """The parcel ready to be offered; None if this server cannot take it, which is answered."""
        letter = parcel.letter
        text = mail_text(letter.data)
        try:
            said = envelope(letter.sender, letter.recipient, text, self._features)
        except UnfitError as error:
            parcel.outlet.answer(Answer(parcel.item, Fate.UNFIT, said=str(error)))
            return None
        self._offered += 1
        return Loaded(parcel, text, said)

    def _offer(self, one: Loaded, behind: Loaded | None = None) -> None:
        """Send the envelope, behind the content of another one if there is one.

        A server that is no good at it gets one command.
        """
        self._waiting = one
        reset = RSET if self._must_reset else b""
        self._awaits_reset, self._must_reset = self._must_reset, False
        if self._features.pipelining:
            data = b"" if self._features.chunking else DATA
            commands = reset + one.envelope.mail + one.envelope.rcpt + data
            number = len(self._stages) + self._awaits_reset
            if behind is None:
                self._channel.write(commands, number)
            else:
                self._channel.write(self._content(behind, commands), number + 1)
        else:
            self._channel.write(reset or one.envelope.mail, 1)

    async def _agreed(self, one: Loaded) -> bool:
        """Whether the server wants the content; if not, that is answered."""
        stages = self._stages
        if self._awaits_reset:
            stages = ("RSET", *stages)
        refusal: tuple[str, Reply] | None = None
        reply = None
        if self._features.pipelining:
            replies = await self._channel.replies(len(stages), self._patience.command)
        else:
            replies = await self._one_by_one(one, stages)
        if [reply.code for reply in replies] == self._yes and not self._awaits_reset:
            self._waiting = None
            return True
        for stage, reply in zip(stages, replies, strict=False):
            self._check(reply, stage)
            if reply.code >= 400 and stage != "RSET" and not refusal:
                refusal = (stage, reply)
        if refusal is None and len(replies) < len(stages):
            raise LostError(self._channel.lost)
        self._waiting = None
        if refusal is None:
            return True
        await self._refused(one, *refusal, wants_content=reply is not None and reply.code == 354)
        return False

    async def _one_by_one(self, one: Loaded, stages: Sequence[str]) -> list[Reply]:
        """The replies of a server that takes a command at a time; the first has been sent."""
        commands = {"MAIL": one.envelope.mail, "RCPT": one.envelope.rcpt, "DATA": DATA}
        replies: list[Reply] = []
        for stage in stages:
            if replies:
                self._channel.write(commands[stage], 1)
            replies.append(await self._channel.reply(self._patience.command))
            if replies[-1].code >= 400 and stage != "RSET":
                break
        return replies

    async def _refused(self, one: Loaded, stage: str, reply: Reply, *, wants_content: bool) -> None:
        self._must_reset = stage != "MAIL" or reply.code == BAD_SEQUENCE
        if stage == "MAIL" and (
            reply.code == BAD_SEQUENCE or (reply.code == CLOSING and self.done)
        ):
            self._back(one)  # it is about the connection, not the letter
        else:
            self._answer(one, Fate.REFUSED, reply, stage)
        if reply.code == CLOSING:
            raise LostError(reply.text)
        if wants_content:  # RFC 2920, 3.1: with no recipient left, a dot alone ends it
            await self._channel.ask(LONE_DOT, self._patience.final)
            self._must_reset = False

    async def _hand_over(self, one: Loaded, following: Loaded | None) -> None:
        """Send the content, and the envelope of the following with it."""
        if len(one.text) > LARGE:
            await self._hand_over_large(one, self._content(one))
        elif following is not None:
            self._leaving = one
            self._offer(following, one)
        else:
            self._leaving = one
            self._channel.write(self._content(one), 1)
        reply = await self._channel.reply(self._patience.final)
        if reply.code != 250:
            self._check(reply, "CONTENT")
        self._leaving = None
        self._answer(one, Fate.TAKEN if reply.ok else Fate.REFUSED, reply, "CONTENT")
        if not reply.ok and self._features.chunking:
            self._must_reset = True  # RFC 3030, 2

    def _content(self, one: Loaded, then: bytes = b"") -> bytes:
        """What says the content, and `then`: put together at once, since it may be long."""
        if self._features.chunking:
            return b"BDAT %d LAST\r\n%b%b" % (len(one.text), one.text, then)
        return for_data(one.text, then)

    async def _hand_over_large(self, one: Loaded, content: bytes) -> None:
        """Send a large content; its end, without which it cannot be taken, when the rest has left.

        A server that has enough of it says so, and may close the connection at once.
        """
        end = len(LONE_DOT)
        self._waiting = one
        self._channel.write(content[:-end], 1)
        try:
            await self._channel.drained(self._patience.block)
        except LostError:
            if self._channel.has_reply:
                self._waiting = None
                reply = await self._channel.reply(self._patience.final)
                self._answer(one, Fate.REFUSED, reply, "DATA")
            raise
        self._waiting, self._leaving = None, one
        self._channel.write(content[-end:], 0)

    def _check(self, reply: Reply, stage: str) -> None:
        """Let yes, no and the go-ahead for DATA pass; anything else ends the connection."""
        if reply.code < 400 and not (reply.code == 354 if stage == "DATA" else reply.ok):
            self._channel.fail(f"it answered {stage} with {reply.text}")
            raise LostError(self._channel.lost)

    async def _quit(self) -> None:
        if not self._channel.lost:
            with contextlib.suppress(LostError):
                await self._channel.ask(b"QUIT\r\n", QUIT_SECONDS)

    def _account_for(self, error: LostError) -> None:
        """Say what the end of the connection means for what was on its way."""
        if self._leaving is not None:
            said = f"the connection broke after the message: {error}"
            self._answer(self._leaving, Fate.LOST, None, "CONTENT", said)
        elif self._waiting is not None:
            self.was_cut_short = True
        if self._waiting is not None:
            self._back(self._waiting)
        self._leaving = self._waiting = None

    def _back(self, one: Loaded) -> None:
        one.parcel.returns += 1
        if one.parcel.returns < MOST_RETURNS:
            self._supply.back(one.parcel)
            return
        # It may be this letter that breaks connections: it must not hold up the others for ever.
        reply = Reply(451, b"4.4.2 connections break when this letter is offered")
        self._answer(one, Fate.REFUSED, reply, "MAIL")

    def _answer(
        self, one: Loaded, fate: Fate, reply: Reply | None, stage: str, said: str = ""
    ) -> None:
        self.done += 1
        one.parcel.outlet.answer(Answer(one.parcel.item, fate, reply, stage, said))
