"""One article as readers will meet it: as a feed entry, in a mail, on its page, in an embed."""

from __future__ import annotations

from typing import Any

from starlette.exceptions import HTTPException

from publisher.errors import UsageError
from publisher.model import Article, seal
from publisher.newsletter.budget import HTML_BYTES
from publisher.newsletter.compose import ComposedMail, Composer
from publisher.newsletter.edition import Contents, Dates
from publisher.pipeline import corrections, editions, links
from publisher.pipeline.authoring import shown as content_of
from publisher.pipeline.newsroom import Newsroom
from publisher.render.article import as_html
from publisher.render.pages import Look, origin_and_root
from publisher.render.view import ArticleView, article_url, view
from publisher.store import pages
from publisher.store.engine import Session
from publisher.web.articles import story_page
from publisher.web.desk.articles import existing
from publisher.web.desk.asked import Answer, Asked, Door, Shown
from publisher.web.desk.look import framed
from publisher.web.embed_frames import one_alone
from publisher.web.lists import Section
from publisher.web.press import Reading

SHAPES = {"entry": "As feed entry", "mail": "As mail", "page": "As page", "embed": "As embed"}


def show(asked: Asked) -> Answer:
    """An article, in the shape that is asked for, and what can be done with it."""
    article = existing(asked)
    shape = asked.asks("as")
    shape = shape if shape in SHAPES else "entry"
    clean, trouble = _clean(asked.newsroom, article)
    context: dict[str, Any] = {
        "article": article, "shapes": SHAPES, "shape": shape, "trouble": trouble,
        "is_public": article.is_public(asked.now),
        "address": article_url(asked.newsroom.config.site, article).removeprefix(
            origin_and_root(asked.newsroom.config.site)[0]
        ),
        "readers": corrections.readers_of(asked.newsroom, article.id), "view": None, "html": "",
    }  # fmt: skip
    if clean is not None:
        seen = view(clean, site=asked.newsroom.config.site)
        context |= {"view": seen} | _drawn(asked, shape, seen)
    return Shown("desk/articles/show.html", "Article", context)


def _drawn(asked: Asked, shape: str, seen: ArticleView) -> dict[str, Any]:
    templates, feeds = asked.newsroom.templates, asked.newsroom.config.feeds
    if shape == "entry":
        is_full = feeds.is_full(seen.category.path)
        return {"html": as_html(templates, seen, "full" if is_full else "summary")}
    if shape == "mail":
        mail = _mail(asked, seen)
        size = len(mail.html.encode()) if mail else 0
        text = with_examples(asked.newsroom, mail.text) if mail else ""
        return {"mail": mail, "text": text, "size": size, "most": HTML_BYTES}
    return {}


def show_mail(asked: Asked) -> Answer:
    """The mail alone, for a frame."""
    seen = _seen(asked)
    mail = _mail(asked, seen)
    if mail is None:
        raise HTTPException(404)
    return framed(asked.press, with_examples(asked.newsroom, mail.html))


def show_page(asked: Asked) -> Answer:
    """The page alone, for a frame; also of an article that is not public yet."""
    article = existing(asked)
    clean, trouble = _clean(asked.newsroom, article)
    if clean is None:
        raise UsageError(trouble)
    with asked.newsroom.store.read() as session:
        reading = _reading(asked, session)
        feeds = pages.feeds_at(session, clean.category.paths)
        path = clean.category.path
        section = Section(path, feeds.get(path), feeds, reading.root)
        html = story_page(reading, clean, section, None, None).html
    return framed(asked.press, html)


def show_embed(asked: Asked) -> Answer:
    """The embed alone, for a frame; also of an article that is not public yet."""
    seen = _seen(asked)
    with asked.newsroom.store.read() as session:
        content = one_alone(_reading(asked, session), seen)
    style = asked.press.statics.address("embed.css")
    html = asked.newsroom.templates.render(
        "desk/articles/embed.html", article=seen, content=content, style=style
    )
    return framed(asked.press, html)


def _reading(asked: Asked, session: Session) -> Reading:
    statics = asked.press.statics
    look = Look(statics.address("site.css"), statics.address("icon.svg"))
    return Reading(asked.newsroom, session, look, {}, {})


def with_examples(newsroom: Newsroom, html: str) -> str:
    """A mail whose personal links lead nowhere."""
    for marker, link in links.example(newsroom).items():
        html = html.replace(marker, link)
    return html


def _seen(asked: Asked) -> ArticleView:
    clean, trouble = _clean(asked.newsroom, existing(asked))
    if clean is None:
        raise UsageError(trouble)
    return view(clean, site=asked.newsroom.config.site)


def _clean(newsroom: Newsroom, article: Article) -> tuple[Article | None, str]:
    """The article with safe content, also where another program wrote it; or what is wrong."""
    content, trouble = content_of(article, newsroom)
    if content is None:
        return None, trouble
    if article.seal != seal(content):
        article.fill(content)
        article.seal = seal(content)
    return article, ""


def _mail(asked: Asked, seen: ArticleView) -> ComposedMail | None:
    """A mail of the first list that holds this article alone."""
    newsroom = asked.newsroom
    if not newsroom.config.lists:
        return None
    one = newsroom.config.lists[0]
    day = editions.today(newsroom, one, asked.now)
    contents = Contents((seen,), (), one.content)
    composer = Composer(one, Dates(day, day), contents, newsroom.templates, newsroom.config)
    return composer.mail(editions.default_variant(newsroom, one))


DOORS = (
    Door("/desk/articles/{id:int}", show),
    Door("/desk/articles/{id:int}/mail", show_mail),
    Door("/desk/articles/{id:int}/page", show_page),
    Door("/desk/articles/{id:int}/embed", show_embed),
)
