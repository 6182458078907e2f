"""Import of Markdown files into SQLite against Markdown parsing and nh3 alone. Limit 1.6.

The files are the 552 articles of ../shared/corpora where that is, else made-up ones. Also the peak
memory of an import of ten times as many articles as against one time. Limit 1.2.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import nh3
from markdown_it import MarkdownIt
from mdit_py_plugins.footnote import footnote_plugin

from benchmarks.measure import Result, in_turns, timed
from benchmarks.newsroom import NOW, contents, newsroom
from publisher.cli.importing import Source
from publisher.pipeline.intake import take_in

TURNS = 5
CORPUS = Path(__file__).parents[2] / "shared" / "corpora" / "digitalgov"
ARTICLES = 552


@contextmanager
def texts() -> Iterator[Path]:
    """A folder of Markdown files."""
    if CORPUS.is_dir():
        yield CORPUS
        return
    with TemporaryDirectory() as folder:
        for number, content in enumerate(contents(ARTICLES, 800)):
            front = f"---\ntitle: {content.title}\ndate: {content.published:%Y-%m-%d}\n---\n"
            (Path(folder) / f"{number}.md").write_text(front + content.body)
        yield Path(folder)


def ours(folder: Path) -> float:
    """Milliseconds to import the folder into an empty store."""
    with newsroom() as made:
        source = Source((str(folder),), None, made.config)
        return timed(lambda: [None for _ in take_in(made, source.pieces(), NOW)])


def parsing_alone(folder: Path) -> None:
    """Read every file, render its Markdown, clean its HTML; nothing else."""
    markdown = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    markdown.use(footnote_plugin)
    for file in sorted(folder.rglob("*.md")):
        nh3.clean(markdown.render(file.read_text(encoding="utf-8").split("\n---\n", 1)[-1]))


def memory(number: int) -> float:
    """Megabytes at the peak of an import of so many articles as JSON lines, in its own process."""
    with TemporaryDirectory() as folder:
        site, lines = Path(folder) / "site", Path(folder) / "articles.jsonl"
        with lines.open("w") as file:
            for n, content in enumerate(contents(number)):
                row = {"id": n, "title": content.title, "body": content.body, "date": "2024-05-02"}
                file.write(json.dumps(row) + "\n")
        publisher = [sys.executable, "-m", "publisher"]
        subprocess.run([*publisher, "init", str(site)], check=True, stdout=subprocess.DEVNULL)
        program = (
            "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, "
            "stdout=subprocess.DEVNULL); "
            "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
        )
        command = [*publisher, "--config", str(site / "config.toml"), "import", str(lines)]
        told = subprocess.run(
            [sys.executable, "-c", program, *command], check=True, capture_output=True, text=True
        )
        return int(told.stdout) / 1024


def run() -> list[Result]:
    """Time in turns, then memory."""
    with texts() as folder:
        time = in_turns(
            f"import of {ARTICLES} Markdown articles against parsing and cleaning alone",
            partial(ours, folder),
            partial(timed, partial(parsing_alone, folder)),
            turns=TURNS,
            limit=1.6,
        )
    large, small = memory(50_000), memory(5_000)
    name = "peak memory of an import, 50,000 articles against 5,000"
    return [time, Result(name, large, small, large / small, 1.2, "MB")]


if __name__ == "__main__":
    sys.stdout.writelines(f"{result}\n" for result in run())
