"""A store as an earlier version left it."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine

from publisher.store.migrate import FOLDER


def at_version(engine: Engine, store_url: str, revision: str) -> None:
    """Empty the store, and make its tables as they were then."""
    if store_url.startswith("sqlite"):
        Path(store_url.removeprefix("sqlite:///")).unlink()
    else:
        with engine.begin() as connection:
            connection.exec_driver_sql("DROP SCHEMA public CASCADE")
            connection.exec_driver_sql("CREATE SCHEMA public")
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(FOLDER))
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
