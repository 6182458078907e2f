"""People: an import against csv and email-validator alone, and what a million of them cost.

The import of a CSV file into an empty SQLite store, with consent, against reading the same file
with `csv` and checking each address with email-validator. Limit 2.5. Its peak memory at ten times
the size. Limit 1.2. And signing the links of a mail, against 30 µs a link. Limit 1.
"""

from __future__ import annotations

import csv
import subprocess
import sys
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from email_validator import validate_email

from benchmarks.measure import Result, in_turns, timed
from benchmarks.newsroom import NOW, newsroom
from publisher.cli.joining import Tally
from publisher.pipeline.joining import Origin
from publisher.pipeline.links import Links
from publisher.pipeline.reading import import_people, open_people

TURNS = 5
PEOPLE = 20_000
LINKS = 50_000
PROMISED_MICROSECONDS = 30.0


def write_people(file: Path, number: int) -> None:
    """A list of that many people, at a few hundred domains."""
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(("email", "name", "language", "timezone", "categories"))
        for n in range(number):
            address = f"reader.{n}@mail{n % 300}.example.org"
            writer.writerow((address, f"Réader {n}", "en", "Europe/Oslo", ""))


def ours(file: Path) -> float:
    """Milliseconds to import the file into an empty store."""
    with newsroom() as made:
        one = made.config.lists[0]

        def work() -> None:
            people = open_people(file, None, "en")
            tally = Tally(people, None)
            for part in import_people(made, one, people, Origin("bench", "a benchmark"), NOW):
                tally.take(part)

        return timed(work)


def checking_alone(file: Path) -> None:
    """Read the file and check every address; nothing else."""
    with file.open(encoding="utf-8", newline="") as rows:
        for row in csv.DictReader(rows):
            validate_email(row["email"], check_deliverability=False, test_environment=True)


def memory(folder: Path, number: int) -> float:
    """Megabytes at the peak of an import of so many people, in its own process."""
    site, file = folder / f"site{number}", folder / f"{number}.csv"
    write_people(file, number)
    publisher = [sys.executable, "-m", "publisher"]
    subprocess.run([*publisher, "init", str(site)], check=True, stdout=subprocess.DEVNULL)
    program = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, "
        "stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL); "
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    config = str(site / "config.toml")
    command = [*publisher, "--config", config, "subscribers", "import", str(file)]
    told = subprocess.run(
        [sys.executable, "-c", program, *command, "--confirmed", "a benchmark"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    return int(told.stdout) / 1024


def signing() -> float:
    """Microseconds to sign a link."""
    with newsroom() as made:
        links = Links(made, NOW)

        def work() -> None:
            for handle in range(LINKS // 2):
                links.of(handle, "daily")

        return timed(work) * 1000 / LINKS


def run() -> list[Result]:
    """Time in turns, memory, and links."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        file = folder / "people.csv"
        write_people(file, PEOPLE)
        time = in_turns(
            f"import of {PEOPLE:,} subscribers against csv and email-validator alone",
            partial(ours, file),
            partial(timed, partial(checking_alone, file)),
            turns=TURNS,
            limit=2.5,
        )
        large, small = memory(folder, 100_000), memory(folder, 10_000)
    title = "peak memory of an import of subscribers, 100,000 against 10,000"
    link = signing()
    return [
        time,
        Result(title, large, small, large / small, 1.2, "MB"),
        Result(
            "signing a link of a mail, against the promise",
            link, PROMISED_MICROSECONDS, link / PROMISED_MICROSECONDS, 1, "µs",
        ),
    ]  # fmt: skip


if __name__ == "__main__":
    sys.stdout.writelines(f"{result}\n" for result in run())
