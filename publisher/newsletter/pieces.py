"""The articles of an edition as mails show them, each made once for all variants.

Inlining styles and wrapping text is most of the work of a mail. So an article's markup is inlined
once, in the frame of a mail, and cut out; a variant inlines only its own frame, in which
placeholders stand for the articles.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from markupsafe import Markup

from publisher.newsletter.budget import HTML_BYTES
from publisher.render.article import Detail, as_html, as_text
from publisher.render.environment import Templates
from publisher.render.mail import inline
from publisher.render.view import ArticleView

Show = Callable[[ArticleView, Detail], Markup]

_placeholder = re.compile(r"<!--article:(\d+):(\w+)-->")
_piece = re.compile(r"<!--article:(\d+):\w+-->(.*?)<!--/article-->", re.DOTALL)


class Pieces:
    """`framed` renders a mail that shows some articles, each by calling what it is given."""

    def __init__(
        self,
        articles: Iterable[ArticleView],
        templates: Templates,
        framed: Callable[[list[ArticleView], Show], str],
    ) -> None:
        self._articles = list(articles)
        self._numbers = {one.uid: number for number, one in enumerate(self._articles)}
        self._templates, self._framed = templates, framed
        self._html: dict[str, dict[int, str]] = {}
        self._text: dict[tuple[int, Detail], str] = {}

    def size(self, article: ArticleView, detail: Detail) -> int:
        """How many bytes an article takes in the HTML part; too many, if it cannot fit at all."""
        html = self._all(detail).get(self._numbers[article.uid])
        return HTML_BYTES + 1 if html is None else len(html.encode())

    def placeholder(self, article: ArticleView, detail: Detail) -> Markup:
        """What stands for an article until the frame has been inlined."""
        number = self._numbers[article.uid]
        return Markup(f"<!--article:{number}:{detail}-->")  # noqa: S704 - ours alone

    def filled(self, frame: str) -> str:
        """The frame with every article in its place."""
        return _placeholder.sub(lambda match: self._html[match[2]].get(int(match[1]), ""), frame)

    def text(self, article: ArticleView, detail: Detail) -> str:
        """The article in the text part. Raises TemplateError."""
        key = self._numbers[article.uid], detail
        if key not in self._text:
            self._text[key] = as_text(self._templates, article, detail)
        return self._text[key]

    def _all(self, detail: Detail) -> dict[int, str]:
        """Every article in that detail, by number; made at once, since most of it is overhead."""
        if detail not in self._html:
            fit = [one for one in self._articles if detail != "full" or len(one.body) <= HTML_BYTES]
            page = self._framed(fit, lambda one, _detail: self._marked(one, detail)) if fit else ""
            # A site's own template may show an article without this room's help.
            self._html[detail] = {self._numbers[one.uid]: "" for one in fit}
            self._html[detail] |= {
                int(match[1]): match[2] for match in _piece.finditer(inline(page))
            }
        return self._html[detail]

    def _marked(self, article: ArticleView, detail: Detail) -> Markup:
        html = as_html(self._templates, article, detail, heading=3)
        return self.placeholder(article, detail) + html + Markup("<!--/article-->")
