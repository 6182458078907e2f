"""Brings the tables up to date when a store is opened."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

FOLDER = Path(__file__).parent / "migrations"
# Versions are numbered, so the newest is the last; asking alembic would cost every command 50 ms.
HEAD = max(file.name[:4] for file in (FOLDER / "versions").glob("[0-9]*.py"))
MIGRATION_LOCK = 0x7075626D


def migrate(engine: Engine) -> None:
    """Run the migrations that are missing, once, whatever the number of processes that start.

    Raises whatever the database raises; nothing is changed unless all of it is.
    """
    with engine.connect() as connection:
        if revision(connection) == HEAD:
            return
    with engine.execution_options(publisher_write=True).begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
        if revision(connection) != HEAD:
            _upgrade(connection)


def revision(connection: Connection) -> str | None:
    """The version of the tables; None where there are none."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.attributes["connection"] = connection
    command.upgrade(config, HEAD)
