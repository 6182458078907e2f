"""Alembic's entry: it gets the open connection from `publisher.store.migrate`."""

from alembic import context

from publisher.model import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    transactional_ddl=True,
)
context.run_migrations()
