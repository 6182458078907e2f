"""What docs/partners.md tells partners to write works as it stands there."""

from __future__ import annotations

import re
import shutil
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from publisher.web.app import application
from publisher.web.embed_builder import PARAMETERS
from publisher.web.statics import PACKAGED
from tests.conftest import REPOSITORY
from tests.http_server import serving
from tests.sites import newsroom_at, store, story
from tests.test_deploy import serving as running

PAGE = (REPOSITORY / "docs" / "partners.md").read_text(encoding="utf-8")


def nginx(server: str) -> Callable[[Path, int], list[str]]:
    """Makes the command that runs nginx with these lines in its server."""

    def command(folder: Path, port: int) -> list[str]:
        temporary = " ".join(
            f"{name}_temp_path {folder}/{name};"
            for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        config = folder / "nginx.conf"
        config.write_text(
            f"daemon off; master_process off; pid {folder}/pid; error_log {folder}/log;\n"
            f"events {{}}\nhttp {{ access_log off; types {{ text/html html; }} {temporary}\n"
            f"server {{ listen 127.0.0.1:{port}; root {folder};\n{server}\n}} }}\n"
        )
        return ["nginx", "-p", str(folder), "-c", str(config)]

    return command


def read(address: str) -> str:
    with urllib.request.urlopen(f"{address}/", timeout=10) as answer:
        return str(answer.read().decode())


def test_nginx_puts_the_fragment_into_a_page(
    tmp_path: Path, missing: Callable[[str], NoReturn]
) -> None:
    if shutil.which("nginx") is None:
        missing("nginx is not installed")
    found = re.search("```nginx\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    web = tmp_path / "web"
    web.mkdir()
    tmp_path.chmod(0o755)
    (web / "index.html").write_text('<h1>Ours</h1><!--# include virtual="/news" --><p>End</p>')
    with newsroom_at(tmp_path) as newsroom:
        store(newsroom, story("A story for partners"))
        with serving(application(newsroom)) as server:
            text = found[1].replace("https://news.example", server.address)
            with running(nginx(text), web) as address:
                html = read(address)
                assert "A story for partners</a></h3>" in html
                assert html.index("Ours") < html.index("A story") < html.index("End")
        # The newsroom is away: the page is there all the same.
        with running(nginx(text), web) as address:
            assert read(address) == "<h1>Ours</h1><p>End</p>"


def test_every_option_part_and_property_is_told() -> None:
    for name in PARAMETERS:
        assert name == "feed" or f"| `{name}` |" in PAGE, name
    script = (PACKAGED / "embed.js").read_text(encoding="utf-8")
    for name in sorted(set(re.findall(r"--news-[\w-]+", script))):
        assert f"{name}:" in PAGE, name
