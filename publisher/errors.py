"""The one tree of errors. Each carries what a person needs to act: where, what, and what to do."""

from __future__ import annotations


class PublisherError(Exception):
    """Base of every error this software raises on purpose; its text is fit to be shown."""

    exit_code = 1


class UsageError(PublisherError):
    """The command, or the config, asks for something that cannot be."""

    exit_code = 2


class ConfigError(UsageError):
    """The config file is unusable; `problems` holds one line for each wrong key."""

    def __init__(self, path: str, problems: list[str]) -> None:
        self.path = path
        self.problems = problems
        lines = "\n".join(f"  {problem}" for problem in problems)
        super().__init__(f"{path}: {len(problems)} problem(s)\n{lines}")


class StoreError(PublisherError):
    """The database cannot be reached, read or written."""


class SlowSearchError(StoreError):
    """A search asked for so much that it was given up."""


class RejectedError(PublisherError):
    """One piece of input cannot be used. The rest of the input goes on.

    `origin` is the file or address, `line` the line in it (1-based, 0 where there is none).
    """

    def __init__(self, origin: str, line: int, reason: str) -> None:
        self.origin = origin
        self.line = line
        self.reason = reason
        super().__init__(f"{self.where}: {reason}")

    @property
    def where(self) -> str:
        """`file:line`, or the file alone where the whole of it is meant."""
        return f"{self.origin}:{self.line}" if self.line else self.origin


class FetchError(PublisherError):
    """A remote document was refused or could not be fetched."""


class PrivateAddressError(FetchError):
    """An address leads into the local network, and that is not allowed."""


class HubLimitError(PublisherError):
    """Our WebSub hub has too many subscriptions to take another; the text is for whoever asks."""


class TemplateError(PublisherError):
    """A template of the site is broken; the text names file and line."""


class PublishError(PublisherError):
    """A feed document could not be written."""


class BrokerError(PublisherError):
    """The broker that carries work to other machines does not take it."""


class DeliveryError(PublisherError):
    """Mail could not be handed over."""


class MailboxError(PublisherError):
    """A mailbox of mail that came back cannot be read."""


class LinkError(PublisherError):
    """The link of a mail cannot be used; the text is for whoever has opened it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)


class BadLinkError(LinkError):
    """A link that this site did not make, or that it has withdrawn."""

    def __init__(self) -> None:
        super().__init__(
            "this link is not one of ours, or a part of it is missing; "
            "open it from the mail again, or copy all of it"
        )


class ExpiredLinkError(LinkError):
    """A link that was good, but not for ever."""

    def __init__(self) -> None:
        super().__init__("this link is too old; ask for a new mail, and use the link in that one")


class WrongLinkError(LinkError):
    """A link of ours that is good for something else."""

    def __init__(self, purpose: str, wanted: str) -> None:
        self.purpose, self.wanted = purpose, wanted
        super().__init__(f"this link is good for “{purpose}”, not for “{wanted}”")
