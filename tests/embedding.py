"""Partners of a newsroom: what they ask for, and a site of theirs at another origin."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

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


@dataclass
class PartnerSite:
    """A site at an origin of its own; each page has a path, a body and a policy."""

    pages: dict[str, tuple[str, str]] = field(default_factory=dict)
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
        self.pages[path] = (html, f"{own}; {policy.strip('; ')}")
        self.pages["/style.css"] = (style, "")
        return f"{self.url}{path}"


@contextmanager
def partner_site() -> Iterator[PartnerSite]:
    """A partner's site that is being served."""
    site = PartnerSite()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            html, policy = site.pages.get(self.path, ("", ""))
            kind = "css" if self.path.endswith(".css") else "html"
            self.send_response(200 if html else 404)
            self.send_header("content-type", f"text/{kind}; charset=utf-8")
            self.send_header("content-security-policy", policy)
            self.end_headers()
            self.wfile.write(html.encode())

        def log_message(self, *_arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        site.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield site
        server.shutdown()
        thread.join(10)
