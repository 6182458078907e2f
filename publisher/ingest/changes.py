"""What an incoming article means for the one that is stored. Pure."""

from __future__ import annotations

from dataclasses import replace
from enum import Enum

from publisher.model import Content
from publisher.names import category_path


class Change(Enum):
    """What has happened to an article."""

    NEW = "new"
    CORRECTED = "corrected"
    EDITED = "edited"
    SAME = "same"


def decide(stored: Content | None, incoming: Content) -> Change:
    """Compare what is stored with what has come in.

    A slug that is stored stays, whatever comes in; categories are compared by their path, since
    the title of a category is the store's.
    """
    if stored is None:
        return Change.NEW
    if _comparable(stored) == _comparable(incoming):
        return Change.SAME
    corrected = incoming.correction and incoming.correction != stored.correction
    return Change.CORRECTED if corrected else Change.EDITED


def _comparable(content: Content) -> Content:
    return replace(content, slug=None, category=(category_path(content.category),))
