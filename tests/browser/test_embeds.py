"""Embeds in real pages of another origin, which allow nothing but what the builder page says."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe

from publisher.web.statics import PACKAGED
from tests.browser.conftest import OpenPage, Site, sample_site
from tests.browser.embedding import as_high_as_it_says, filled, until, way
from tests.embedding import HOSTILE, MARK, PartnerSite, partner_site
from tests.sites import browser, sql

each_site = pytest.mark.parametrize("language", ["en", "ar"])
RAN = f"window.{MARK} = () => console.error('a hostile text ran');"
TITLES = "[...document.querySelector('news-feed').shadowRoot.querySelectorAll('.title')]"
# Without an address of their own, scripts of a page that has no policy.
MODULE = '<script type="module" src="{}/static/embed.js"></script>'


@pytest.fixture(scope="module")
def changing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A sample newsroom that tests may write to."""
    with sample_site(tmp_path_factory.mktemp("changing") / "site", {}) as site:
        yield site


@each_site
@pytest.mark.parametrize("detail", ["full", "summary", "headline"])
def test_the_component_needs_no_more_than_the_policy_that_is_shown(
    open_address: OpenPage, sites: dict[str, Site], partner: PartnerSite, language: str, detail: str
) -> None:
    site = sites[language]
    code, policy = way(site, "component", f"count=4&detail={detail}")
    address = partner.page(code, policy, language=language)
    page = open_address(address, partner.url, site.url)
    filled(page)
    assert page.evaluate(f"{TITLES}.length") == 4
    for width, scheme in ((1280, "light"), (360, "dark"), (320, "light")):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), width
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def test_without_javascript_there_is_a_link_or_the_frame(
    open_address: OpenPage, sites: dict[str, Site], partner: PartnerSite
) -> None:
    site = sites["en"]
    for name in ("component", "frame"):
        page = open_address(
            partner.page(*way(site, name, "feed=town")),
            partner.url,
            site.url,
            java_script_enabled=False,
        )
        if name == "component":
            link = page.locator("news-feed a")
            assert link.is_visible()
            assert link.get_attribute("href") == f"{site.url}/town/"
        else:
            assert page.frame_locator("iframe").locator(".news-item").first.is_visible()
        page.context.close()


def test_a_feed_that_is_not_there_leaves_the_link(
    open_address: OpenPage, sites: dict[str, Site], partner: PartnerSite
) -> None:
    site = sites["en"]
    code, policy = way(site, "component")
    page = open_address(
        partner.page(code.replace("<news-feed", '<news-feed feed="nope"'), policy),
        partner.url,
        site.url,
        allowed=("a status of 404 ",),
        before=lambda page: page.add_init_script(
            "addEventListener('error', ({ target }) => { window.told = target.localName; }, true)"
        ),
    )
    until(page, "window.told === 'news-feed'")
    assert page.locator("news-feed a").is_visible()


def test_the_component_takes_its_look_and_its_choices_from_the_page(
    open_address: OpenPage, sites: dict[str, Site], partner: PartnerSite
) -> None:
    site = sites["en"]
    style = "news-feed { --news-accent: rgb(160, 0, 80); font-size: 30px }"
    style += "news-feed::part(attribution) { text-transform: uppercase }"
    page = open_address(
        partner.page(*way(site, "component", "count=2"), style=style), partner.url, site.url
    )
    filled(page)
    link = "document.querySelector('news-feed').shadowRoot.querySelector('.title a')"
    assert page.evaluate(f"getComputedStyle({link}).color") == "rgb(160, 0, 80)"
    assert page.evaluate(f"parseFloat(getComputedStyle({link}).fontSize)") > 30
    attribution = "document.querySelector('news-feed').shadowRoot.querySelector('.attribution')"
    assert page.evaluate(f"getComputedStyle({attribution}).textTransform") == "uppercase"
    page.evaluate("document.querySelector('news-feed').setAttribute('count', '3')")
    until(page, f"{TITLES}.length === 3")
    page.evaluate("document.querySelector('news-feed').setAttribute('heading', '2')")
    until(page, f"{TITLES}.every(one => one.localName === 'h2')")


def test_the_keyboard_reaches_every_link_of_the_component_and_shows_where_it_is(
    open_address: OpenPage, sites: dict[str, Site], partner: PartnerSite
) -> None:
    site = sites["en"]
    page = open_address(partner.page(*way(site, "component", "detail=full")), partner.url, site.url)
    filled(page)
    root = "document.querySelector('news-feed').shadowRoot"
    wanted = page.evaluate(f"{root}.querySelectorAll('a[href], [tabindex]').length")
    reached = set()
    for _ in range(wanted):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate(
                f"[...{root}.querySelectorAll('a[href], [tabindex]')].indexOf({root}.activeElement)"
            )
        )
        outline = page.evaluate(f"getComputedStyle({root}.activeElement).outlineStyle")
        assert outline != "none"
    assert reached == set(range(wanted))


def test_a_hostile_article_runs_nothing_in_any_embed(
    open_address: OpenPage, changing: Site, partner: PartnerSite
) -> None:
    sql(
        changing.newsroom,
        "INSERT INTO article (title, body, published, category_id, slug) SELECT :title, :body, "
        "'2024-05-02 11:00:00.000000', id, 'hostile' FROM category WHERE path = 'town'",
        title=f"<img src=x onerror={MARK}()>Hostile <script>{MARK}()</script>", body=HOSTILE,
    )  # fmt: skip
    changing.update()
    fragment = browser(changing.newsroom).get("/embed/fragment/?detail=full&count=50").text
    assert "Hostile" in fragment
    anything = {"img-src": "*", "script-src": "* 'unsafe-inline'", "style-src": "* 'unsafe-inline'"}
    loose = "; ".join(f"{name} {value}" for name, value in anything.items())
    component, _ = way(changing, "component", "feed=town&detail=full&count=50")
    frame, _ = way(changing, "frame", "feed=town&detail=full&count=50")
    page = open_address(
        partner.page(f"{component}{frame}{fragment}", f"{loose}; connect-src *; frame-src *"),
        partner.url,
        changing.url,
        before=lambda page: page.add_init_script(RAN),
        # The picture of the hostile text is at an address of the newsroom that has nothing.
        allowed=("/x net::ERR_", "/x)"),
    )
    filled(page)
    as_high_as_it_says(page)
    assert page.evaluate(f"{TITLES}.some(one => one.textContent.startsWith('Hostile'))")


def test_a_hostile_answer_puts_nothing_but_text_into_a_partners_page(
    open_address: OpenPage, partner: PartnerSite
) -> None:
    with partner_site() as newsroom:
        script = (PACKAGED / "embed.js").read_text(encoding="utf-8")
        newsroom.files["/static/embed.js"] = ("text/javascript", script, "")
        html = f'<section class="news-embed" onclick="{MARK}()" style="color:red">{HOSTILE}'
        html += (
            '<a href=" java\nscript:x()">x</a><img src="file:///etc/passwd"><p>Text</p></section>'
        )
        newsroom.files["/embed/fragment/"] = ("text/html", html, "")
        partner.files["/"] = (
            "text/html",
            f'<!DOCTYPE html><link rel="icon" href="data:,">{MODULE.format(newsroom.url)}'
            "<news-feed>link</news-feed>",
            "",
        )
        page = open_address(
            f"{partner.url}/",
            partner.url,
            newsroom.url,
            before=lambda page: page.add_init_script(RAN),
        )
        filled(page)
        names, attributes, addresses = page.evaluate(
            """() => {
                const root = document.querySelector("news-feed").shadowRoot;
                const all = [...root.querySelectorAll("*")];
                const attributes = all.flatMap(one => [...one.attributes]);
                const named = attributes.filter(({ name }) => ["href", "src"].includes(name));
                return [all.map(one => one.localName), attributes.map(({ name }) => name),
                        named.map(({ value }) => value)];
            }"""
        )
        assert set(names) <= {"section", "p", "a", "img", "div"}
        assert set(attributes) <= {"class", "part", "alt", "loading"}
        assert addresses == []


def test_a_renamed_category_and_a_withdrawn_article_are_right_in_a_page_that_is_not_changed(
    open_address: OpenPage, changing: Site, partner: PartnerSite
) -> None:
    code, policy = way(changing, "component", "feed=sport&count=50")
    address = partner.page(code, policy)
    sql(changing.newsroom, "UPDATE category SET path = 'games' WHERE path = 'sport'")
    sql(
        changing.newsroom,
        "UPDATE article SET retracted = '2024-05-02 12:00:00.000000', retraction = 'It was not so.'"
        " WHERE id = (SELECT min(id) FROM article WHERE category_id = "
        "(SELECT id FROM category WHERE path = 'games'))",
    )
    changing.update()
    page = open_address(address, partner.url, changing.url)
    filled(page)
    text = page.evaluate("document.querySelector('news-feed').shadowRoot.textContent")
    assert "This article was withdrawn. It was not so." in re.sub(r"\s+", " ", text)
    link = page.evaluate(
        "document.querySelector('news-feed').shadowRoot.querySelector('.attribution a').href"
    )
    assert link == f"{changing.url}/games/"


@each_site
def test_the_preview_follows_each_choice_and_the_code_is_copied(
    open_page: OpenPage, language: str
) -> None:
    page = open_page(
        "/embed/",
        language=language,
        permissions=["clipboard-read", "clipboard-write"],
        allowed=("a status of 400 ", "net::ERR_ABORTED"),  # a preview that was still loading
    )
    page.locator("#count").fill("2")
    page.locator("#count").press("Tab")
    until(page, "document.querySelector('iframe').src.includes('count=2')")
    page.locator("#detail").select_option("headline")
    until(page, "document.querySelector('iframe').src.includes('detail=headline')")
    assert page.evaluate("document.activeElement.tagName") != "BODY", "choosing goes on"
    assert "count=2" in page.url
    button = page.locator("button.copy").first
    button.focus()
    page.keyboard.press("Enter")
    until(page, "document.querySelector('button.copy + span').textContent")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == page.locator("#code-1").inner_text()
    assert 'count="2"' in copied
    page.locator("#accent").fill("colour")
    page.locator("#accent").press("Tab")
    page.locator("#made [role=alert]").wait_for()
    page.locator("#accent").fill("c30")
    page.locator("#accent").press("Tab")
    page.locator("iframe").wait_for()


def test_the_builder_works_without_javascript(open_page: OpenPage) -> None:
    page = open_page("/embed/", java_script_enabled=False)
    page.locator("#feed").select_option("town")
    page.locator("#count").fill("1")
    page.locator("form.builder button").click()
    assert page.frame_locator("iframe").locator(".news-item").count() == 1
    assert 'feed="town" count="1"' in page.locator("#code-1").inner_text()
    assert not page.locator("button.copy").first.is_visible()
