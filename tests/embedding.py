"""Partners of a newsroom: what they ask for, and a site of theirs at another origin."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from html import escape, unescape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from publisher.model import Medium
from publisher.pipeline.newsroom import Newsroom
from tests.sites import CONTENT, Document, newsroom_at, store, story

_code = re.compile("<code>(.*?)</code>", re.DOTALL)
# A hostile article as it comes in: whatever of it can run says so by this name.
MARK = "pwned"
HOSTILE = f"""\
<p onclick="{MARK}()">Text <script>{MARK}()</script><img src=x onerror="{MARK}()">
<a href="javascript:{MARK}()">link</a> <a href="data:text/html,<script>{MARK}()</script>">data</a>
<svg onload="{MARK}()"><script>{MARK}()</script></svg><math><mtext><style><img src=x
onerror="{MARK}()"></style></mtext></math><iframe srcdoc="<script>{MARK}()</script>"></iframe>
<style>body{{display:none}}</style><form action="//evil.example"><input autofocus
onfocus="{MARK}()"></form><div style="position:fixed;inset:0">cover</div>
<template><img src=x onerror="{MARK}()"></template><noscript><p title="</noscript><img src=x
onerror={MARK}()>"></noscript></p>"""


WAYS = ("component", "frame", "server", "json", "oembed")


def ways_to_embed(html: str) -> dict[str, tuple[str, str]]:
    """What stands to be copied on the page `/embed/`: way → code and policy."""
    sections = html.split('<section class="code">')[1:]
    codes = [[unescape(one) for one in _code.findall(section)] for section in sections]
    return {way: (code[0], "".join(code[1:])) for way, code in zip(WAYS, codes, strict=True)}


FORMS = ("fragment", "frame", "json")
NEWS = "media-center/coalition-news"


def day(number: int) -> dict[str, Any]:
    """When an article was published, in days after the usual one."""
    return {"published": CONTENT.published + timedelta(days=number)}


@contextmanager
def embedded_newsroom(folder: Path, store_url: str) -> Iterator[Newsroom]:
    """A newsroom with eight stories, and one of each thing that an embed can choose by."""
    with newsroom_at(folder, store_url) as made:
        picture = (
            '<figure><img src="https://x.example/a.png" alt="A > b">'
            "<figcaption>Cap</figcaption></figure>"
        )
        store(
            made,
            *(story(f"Story {n}", slug=f"s{n}", **day(n)) for n in range(8)),
            story("Tagged", slug="tagged", tags=("Town Hall",), **day(-1)),
            story("خبر", slug="khabar", language="ar", tags=("Town Hall",), **day(-2)),
            story("Elsewhere", slug="elsewhere", category=("Town",), **day(-3)),
            story(
                "Illustrated", slug="illustrated", category=("Pictures",), correction="It was red.",
                body=f"<p>Before</p>{picture}<h2>Below</h2><p>After</p>",
                media=(Medium("https://x.example/b.png", "image/png", "B"),), **day(-4),
            ),
        )  # fmt: skip
        yield made


def shown(client: TestClient, path: str) -> list[str]:
    """The titles of an embed, of whatever form."""
    answer = client.get(path)
    assert answer.status_code == 200, (path, answer.text)
    if "/json/" in path:
        return [one["title"] for one in answer.json()["items"]]
    return [text[3:] for text in Document(answer.text).headings if not text.startswith("h1")]


@dataclass
class PartnerSite:
    """A site at an origin of its own: path → media type, text, policy."""

    files: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    port: int = 0

    @property
    def url(self) -> str:
        """Its origin."""
        return f"http://127.0.0.1:{self.port}"

    def page(
        self, body: str, policy: str, *, language: str = "en", path: str = "/", style: str = ""
    ) -> str:
        """Put a page up, under `default-src 'none'` and what the policy adds, and nothing that
        makes markup out of text; its address is returned."""
        direction = "rtl" if language == "ar" else "ltr"
        link = '<link rel="stylesheet" href="/style.css">' if style else ""
        html = (
            f'<!DOCTYPE html><html lang="{language}" dir="{direction}"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f'<link rel="icon" href="data:,">{link}<title>{escape(path)}</title></head>'
            f"<body><main><h1>A partner</h1><h2>News</h2>{body}</main></body></html>"
        )
        own = "default-src 'none'; require-trusted-types-for 'script'"
        own += "; style-src 'self'" if style else ""
        policy = policy if "img-src" in policy else f"{policy}; img-src data:"
        policy = policy.replace("img-src ", "img-src data: ")
        self.files[path] = ("text/html", html, f"{own}; {policy.strip('; ')}")
        self.files["/style.css"] = ("text/css", style, "")
        return f"{self.url}{path}"


@contextmanager
def partner_site() -> Iterator[PartnerSite]:
    """A partner's site that is being served."""
    site = PartnerSite()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            kind, text, policy = site.files.get(self.path, ("text/plain", "", ""))
            self.send_response(200 if text else 404)
            self.send_header("content-type", f"{kind}; charset=utf-8")
            self.send_header("access-control-allow-origin", "*")
            if policy:
                self.send_header("content-security-policy", policy)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        site.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield site
        server.shutdown()
        thread.join(10)
