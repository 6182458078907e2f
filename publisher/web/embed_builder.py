"""The page `/embed/`: a partner chooses what to show, sees it, and copies the code."""

from __future__ import annotations

from dataclasses import dataclass, fields
from html import escape
from urllib.parse import quote_plus

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from publisher.ingest.clean import legal
from publisher.render.dates import language_name
from publisher.render.pages import Head, Link, origin_and_root
from publisher.render.translations import words
from publisher.store import embeds, pages
from publisher.web.embed_options import (
    HEADINGS,
    MOST_ARTICLES,
    NORMAL,
    Options,
    OptionsError,
    read_options,
)
from publisher.web.embed_parts import NoSuchError, Selection, selection
from publisher.web.oembed import HEIGHT, frame_code
from publisher.web.pages import MOST_SECTIONS
from publisher.web.press import MovedError, Page, Press, Reading
from publisher.web.safety import builder_policy, elsewhere
from publisher.web.statics import Script, Statics

PARAMETERS = ("feed", *(field.name for field in fields(Options) if field.name != "category"))


@dataclass(frozen=True, slots=True)
class Code:
    """One way to embed: what to copy, and the directives that a partner's policy needs for it."""

    title: str
    hint: str
    text: str
    policy: str = ""


def routes(press: Press) -> list[Route]:
    """The page, and the way to it for who leaves out its last slash."""

    async def slash(_request: Request) -> Response:
        root = origin_and_root(press.newsroom.config.site)[1]
        raise MovedError(f"{root}/embed/")

    def make(reading: Reading) -> Page:
        return builder_page(reading, press.statics)

    return [Route("/embed/", press.endpoint(make, *PARAMETERS)), Route("/embed", slash)]


def builder_page(reading: Reading, statics: Statics) -> Page:
    """The form, the preview and the code. 400 where a choice cannot be used, and says which."""
    config = reading.newsroom.config
    language = config.site.language
    say = words(language).text
    options, chosen, wrong = _chosen(reading)
    heading, address = say("Embed our news"), f"{reading.root}/embed/"
    head = Head(
        heading,
        language,
        address,
        crumbs=[Link(say("Home"), f"{reading.root}/"), Link(heading, address)],
        hidden=bool(reading.query),
    )
    page = reading.page(
        "pages/embed.html",
        head,
        status=400 if wrong else 200,
        heading=heading,
        given={name: legal(reading.query.get(name, "")) for name in PARAMETERS},
        normal=NORMAL,
        wrong=wrong,
        most=MOST_ARTICLES,
        headings=HEADINGS,
        sections=pages.all_sections(reading.session, MOST_SECTIONS),
        languages=[
            (one.key, language_name(one.title)) for one in embeds.languages(reading.session)
        ],
        preview=f"{reading.root}{options.address('frame')}",
        codes=codes(reading, statics, options, chosen) if chosen else [],
        scripts=[statics.script("frames.js"), statics.script("builder.js")],
    )
    policy = ("content-security-policy", builder_policy(config))
    return Page(page.html, page.status, headers=(*page.headers, policy))


def _chosen(reading: Reading) -> tuple[Options, Selection | None, set[str]]:
    """The options, what they select, and the names of those that cannot be used."""
    try:
        options = read_options(reading.query.get("feed", "").strip("/"), reading.query)
    except OptionsError as error:
        return NORMAL, None, set(error.problems)
    try:
        return options, selection(reading, options), set()
    except NoSuchError as error:
        return NORMAL, None, {"feed" if error.kind == "category" else error.kind}


def codes(reading: Reading, statics: Statics, options: Options, chosen: Selection) -> list[Code]:
    """Every way to embed what was chosen."""
    config = reading.newsroom.config
    site, say = config.site, words(config.site.language).text
    origin, _ = origin_and_root(site)
    anywhere = f"{origin} {elsewhere(config)}"
    has_pictures = options.images and options.detail == "full"
    pictures = f"img-src {anywhere}; media-src {anywhere}" if has_pictures else ""

    def policy(*directives: str) -> str:
        return "; ".join(one for one in directives if one)

    fragment, frame, data = (
        f"{site.url}{options.address(form)}" for form in ("fragment", "frame", "json")
    )
    return [
        Code(
            say("Web component"),
            say("Takes its look from your page. Without JavaScript, the link inside is shown."),
            f"{_element(origin, statics.script('embed.js'))}\n{_component(options, chosen)}",
            policy(f"script-src {origin}; connect-src {origin}", pictures),
        ),
        Code(
            say("Frame"),
            say("A page of ours within yours; the script gives it the height that it needs."),
            f"{frame_code(frame, chosen.title, '100%', HEIGHT)}\n"
            f"{_element(origin, statics.script('frames.js'))}",
            f"frame-src {origin}; script-src {origin}",
        ),
        Code(
            say("For your server"),
            say("A piece of HTML that your server, or a CDN, puts into your pages."),
            f'<esi:include src="{escape(fragment)}" onerror="continue"/>',
            pictures,
        ),
        Code(
            say("JSON"),
            say("For programs of your own: JSON Feed, which any page may read."),
            data,
            f"connect-src {origin}",
        ),
        Code(
            say("oEmbed"),
            say("For systems that ask for the code themselves."),
            f"{site.url}/oembed?url={quote_plus(chosen.page)}",
        ),
    ]


def _element(origin: str, script: Script) -> str:
    return (
        f'<script type="module" src="{escape(origin + script.address)}" '
        f'integrity="{script.integrity}" crossorigin="anonymous"></script>'
    )


def _component(options: Options, chosen: Selection) -> str:
    named = {
        "feed": options.category, "tag": options.tag, "language": options.language,
        "count": str(options.count), "heading": str(options.heading), "detail": options.detail,
        "images": "" if options.images else "no",
    }  # fmt: skip
    given = "".join(f' {name}="{escape(value)}"' for name, value in named.items() if value)
    link = f'<a href="{escape(chosen.page)}">{escape(chosen.title)}</a>'
    return f"<news-feed{given}>\n  {link}\n</news-feed>"
