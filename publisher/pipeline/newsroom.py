"""What every step of the pipeline is given."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from publisher.config import Config
from publisher.delivery.message import Signer
from publisher.delivery.policy import Policy
from publisher.delivery.transport import Transport
from publisher.ingest.clean import Rules
from publisher.render.environment import Templates
from publisher.store.engine import Store


@dataclass(frozen=True, slots=True)
class Newsroom:
    """A site that is open for work: settings, store, templates, and a way out for mail.

    `signer` signs the mail, where the site has keys for that.
    """

    config: Config
    store: Store
    templates: Templates
    transport: Transport
    signer: Signer | None = None
    policy: Policy = field(default_factory=Policy)

    @property
    def rules(self) -> Rules:
        """How content is cleaned here."""
        site, ingest = self.config.site, self.config.ingest
        return Rules(
            zone=site.zone,
            language=site.language,
            category=tuple(part.strip() for part in re.split(r"[›»>/]", ingest.category)),
            links_from=ingest.links_from or site.url,
        )

    def with_category(self, titles: str) -> Newsroom:
        """The same newsroom, where articles without a category go into this one."""
        ingest = self.config.ingest.model_copy(update={"category": titles})
        return replace(self, config=self.config.model_copy(update={"ingest": ingest}))

    def close(self) -> None:
        """Give the store back."""
        self.store.close()
