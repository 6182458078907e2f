"""The command line: one module for each noun, loaded only when it is called."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import click

from publisher import __version__
from publisher.errors import PublisherError

# command → (module, what `--help` says of it), so that help loads nothing else.
COMMANDS = {
    "init": ("site", "Make a new site in a folder."),
    "demo": ("demo", "Make a sample newsroom and show everything at work."),
    "run": ("run", "Serve, watch, build feeds and send editions, in one process."),
    "web": ("run", "Only serve over HTTP."),
    "clock": ("run", "Build feeds and send editions, without the web."),
    "worker": ("run", "Only send what is due; any number may run."),
    "import": ("importing", "Take articles in from files, folders and addresses."),
    "article": ("article", "Look at articles, correct and retract them."),
    "category": ("category", "List, rename and remove categories."),
    "feeds": ("feeds", "Build, list and verify feeds."),
    "digest": ("digest", "Preview, send and follow editions."),
    "bounces": ("bounces", "Read mail that came back, and take back what it changed."),
    "dkim": ("dkim", "Make keys that sign mail, and show what must stand in DNS."),
    "subscribers": ("subscribers", "Put people on a list, take them off, and see who is on it."),
    "keys": ("keys", "List and rotate the keys that sign the links of mails."),
    "backup": ("backup", "Pack the whole site into one file, while everything runs."),
    "restore": ("backup", "Make a site of a backup, in a folder of its own."),
    "doctor": ("doctor", "Look everything over, and say what to do."),
    "token": ("token", "Make, list and revoke the tokens of programs that use the API."),
    "webhook": ("webhook", "Have addresses told of what happens."),
    "user": ("user", "Say who may sign in at the desk."),
    "status": ("status", "Show on one screen how things stand."),
}


class Commands(click.Group):
    """Finds commands by name, and turns our errors into a message and an exit code."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order that a new user meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported now."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"publisher.cli.{COMMANDS[cmd_name][0]}")
        command: click.Command = getattr(module, f"{cmd_name}_command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, without importing any of them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; an error of ours ends with its text and its code."""
        try:
            return super().invoke(ctx)
        except PublisherError as error:
            click.echo(f"publisher: {error}", err=True)
            ctx.exit(error.exit_code)


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--config",
    "config_path",
    type=click.Path(path_type=Path, dir_okay=False),
    default="config.toml",
    show_default=True,
    help="The site's settings.",
)
@click.version_option(__version__, prog_name="publisher")
@click.pass_context
def main(context: click.Context, config_path: Path) -> None:
    """Publish what a newsroom stores: feeds within a second, a digest mail once a day.

    Run it in the site's folder, or name its config. New here? Try: publisher demo
    """
    context.obj = config_path
