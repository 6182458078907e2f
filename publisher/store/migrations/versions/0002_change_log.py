"""The change log, the logs of feeds, archive documents, and retractions.

Revision ID: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
# All that a reader sees; the columns that the publisher fills in itself are not among them.
WATCHED = (
    "slug title title_derived summary body category_id language sources authors tags media "
    "aliases url published expires correction retracted retraction"
).split()
AT_ONCE = "1970-01-01 00:00:00.000000"


def upgrade() -> None:
    op.add_column("article", sa.Column("retracted", TIME, nullable=True))
    op.add_column("article", sa.Column("retraction", sa.Text(), nullable=True))
    op.add_column("article", sa.Column("updated_position", sa.Integer(), nullable=True))
    op.add_column(
        "feed", sa.Column("length", sa.Integer(), nullable=False, server_default=sa.text("0"))
    )
    create_logs()
    watch_retractions()
    # Everything that is public already begins the log.
    op.execute(f"INSERT INTO stale_article (article_id, due) SELECT id, '{AT_ONCE}' FROM article")


def create_logs() -> None:
    op.create_table(
        "change",
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("article_id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=True),
        sa.Column("at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("position"),
    )
    op.create_index("ix_change_article", "change", ["article_id", "position"])
    op.create_table(
        "feed_change",
        sa.Column("feed_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("change", sa.Integer(), nullable=False),
        sa.Column("article_id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.Text(), nullable=False),
        sa.Column("gone", sa.Boolean(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["feed_id"], ["feed.id"]),
        sa.PrimaryKeyConstraint("feed_id", "position"),
    )
    op.create_table(
        "archive",
        sa.Column("feed_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["feed_id"], ["feed.id"]),
        sa.PrimaryKeyConstraint("feed_id", "number"),
    )


def watch_retractions() -> None:
    columns = ", ".join(WATCHED)
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER article_edited")
        op.execute(
            f"CREATE TRIGGER article_edited AFTER UPDATE OF {columns} ON article BEGIN "
            f"INSERT INTO stale_article (article_id, due) VALUES (NEW.id, '{AT_ONCE}'); END"
        )
        return
    op.execute("DROP TRIGGER article_edited ON article")
    op.execute(
        f"CREATE TRIGGER article_edited AFTER UPDATE OF {columns} ON article "
        "FOR EACH ROW EXECUTE FUNCTION note_stale_article()"
    )
