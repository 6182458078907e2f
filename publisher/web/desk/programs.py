"""Which programs may use the API: their tokens, made, shown once, and revoked."""

from __future__ import annotations

from publisher.errors import UsageError
from publisher.model import Role, Scope
from publisher.pipeline import access
from publisher.web.desk.asked import Answer, Asked, Door, Led, Shown


def show(asked: Asked) -> Answer:
    """All tokens, newest first, and a form for another one."""
    return _page(asked)


def make(asked: Asked) -> Answer:
    """A new token; its text stands on this answer and nowhere else, ever."""
    scopes = [one for one in asked.form.getlist("scope") if isinstance(one, str)]
    try:
        made, text = access.new_token(asked.newsroom, asked.text("name"), scopes, asked.now)
    except UsageError as error:
        return _page(asked, wrong=str(error))
    return _page(asked, made=made.name, text=text)


def revoke(asked: Asked) -> Answer:
    """A program is believed no more. Raises UsageError."""
    access.revoke(asked.newsroom, asked.path["id"], asked.now)
    return Led(f"{asked.root}/programs/", "revoked")


def _page(asked: Asked, made: str = "", text: str = "", wrong: str = "") -> Shown:
    context = {
        "tokens": access.tokens(asked.newsroom)[::-1],
        "scopes": [str(one) for one in Scope],
        "called": "" if made else asked.text("name"),
        "chosen": [] if made else asked.form.getlist("scope"),
        "made": made,
        "text": text,
    }
    return Shown("desk/programs/list.html", "Programs", context, 422 if wrong else 200, wrong)


DOORS = (
    Door("/desk/programs/", show, make, Role.OPERATOR),
    Door("/desk/programs/{id:int}/revocation", None, revoke, Role.OPERATOR),
)
