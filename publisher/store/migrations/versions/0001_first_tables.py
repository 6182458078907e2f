"""The first tables, and the triggers that keep the stale set.

Revision ID: 0001
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(JSONB(), "postgresql")
TIME = sa.DateTime(timezone=True)

# What the triggers watch: all that a reader sees. The columns that the publisher itself fills in
# when it takes over a row (uid, seal, updated) are not among them.
WATCHED = (
    "slug title title_derived summary body category_id language sources authors tags media "
    "aliases url published expires correction"
).split()
# Due at once, also after the machine's clock has jumped back.
AT_ONCE = "1970-01-01 00:00:00.000000"


def checks() -> list[sa.CheckConstraint]:
    """What another program's row must keep to, so that no later read can stumble over it."""
    sqlite = op.get_bind().dialect.name == "sqlite"
    of_type = "json_type({})" if sqlite else "jsonb_typeof({})"
    found = [
        sa.CheckConstraint(f"{of_type.format(name)} = 'array'", name=f"{name}_is_a_json_array")
        for name in ("sources", "authors", "tags", "media", "aliases")
    ]
    if sqlite:  # which knows no type for times
        found += [
            sa.CheckConstraint(
                f"{name} IS NULL OR {name} IS "
                f"strftime('%Y-%m-%d %H:%M:%S', {name}) || substr({name}, 20)",
                name=f"{name}_is_utc_as_YYYY-MM-DD_HH:MM:SS",
            )
            for name in ("published", "updated", "expires")
        ]
    return found


def upgrade() -> None:
    create_tables()
    create_indexes()
    if op.get_bind().dialect.name == "sqlite":
        create_sqlite_triggers()
    else:
        create_postgresql_triggers()


def create_tables() -> None:
    create_article_tables()
    create_feed_tables()
    create_mail_tables()


def create_article_tables() -> None:
    op.create_table(
        "category",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["parent_id"],
            ["category.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("path"),
    )
    op.create_table(
        "article",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.Text(), nullable=True),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("slug", sa.Text(), nullable=True),
        sa.Column("title", sa.Text(), server_default="", nullable=False),
        sa.Column("title_derived", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("summary", sa.Text(), nullable=True),
        sa.Column("body", sa.Text(), server_default="", nullable=False),
        sa.Column("category_id", sa.Integer(), nullable=False),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("sources", JSON, server_default=sa.text("'[]'"), nullable=False),
        sa.Column("authors", JSON, server_default=sa.text("'[]'"), nullable=False),
        sa.Column("tags", JSON, server_default=sa.text("'[]'"), nullable=False),
        sa.Column("media", JSON, server_default=sa.text("'[]'"), nullable=False),
        sa.Column("aliases", JSON, server_default=sa.text("'[]'"), nullable=False),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("published", TIME, nullable=False),
        sa.Column("updated", TIME, nullable=True),
        sa.Column("expires", TIME, nullable=True),
        sa.Column("revision", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("correction", sa.Text(), nullable=True),
        sa.Column("seal", sa.Text(), nullable=True),
        sa.CheckConstraint("revision >= 1", name="revision_from_one"),
        *checks(),
        sa.ForeignKeyConstraint(
            ["category_id"],
            ["category.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("external_id"),
        sa.UniqueConstraint("slug"),
        sa.UniqueConstraint("uid"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "revision",
        sa.Column("article_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("replaced", TIME, nullable=False),
        sa.Column("content", JSON, nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("article_id", "number"),
    )
    op.create_table(
        "stale_article",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("article_id", sa.Integer(), nullable=False),
        sa.Column("due", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "set_aside",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("origin", "line"),
    )


def create_feed_tables() -> None:
    op.create_table(
        "feed",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("built", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("kind", "key"),
    )
    op.create_table(
        "feed_article",
        sa.Column("feed_id", sa.Integer(), nullable=False),
        sa.Column("article_id", sa.Integer(), nullable=False),
        sa.Column("published", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["feed_id"],
            ["feed.id"],
        ),
        sa.PrimaryKeyConstraint("feed_id", "article_id"),
    )


def create_mail_tables() -> None:
    op.create_table(
        "subscriber",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("email"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "subscription",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("list", sa.Text(), nullable=False),
        sa.Column("subscriber_id", sa.Integer(), nullable=False),
        sa.Column("categories", JSON, nullable=False),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("timezone", sa.Text(), nullable=True),
        sa.Column("format", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["subscriber_id"], ["subscriber.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("list", "subscriber_id"),
    )
    op.create_table(
        "edition",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("list", sa.Text(), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("cut_at", TIME, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("list", "date"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "edition_article",
        sa.Column("list", sa.Text(), nullable=False),
        sa.Column("article_id", sa.Integer(), nullable=False),
        sa.Column("edition_id", sa.Integer(), nullable=False),
        sa.Column("shown", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["edition_id"],
            ["edition.id"],
        ),
        sa.PrimaryKeyConstraint("list", "article_id"),
    )
    op.create_table(
        "delivery",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("edition_id", sa.Integer(), nullable=False),
        sa.Column("subscriber_id", sa.Integer(), nullable=False),
        sa.Column("variant", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reply", sa.Text(), nullable=False),
        sa.Column("changed", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["edition_id"],
            ["edition.id"],
        ),
        sa.ForeignKeyConstraint(
            ["subscriber_id"],
            ["subscriber.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("edition_id", "subscriber_id"),
    )


def create_indexes() -> None:
    op.create_index(
        "ix_feed_stale",
        "feed",
        ["id"],
        unique=False,
        sqlite_where=sa.text("built < version"),
        postgresql_where=sa.text("built < version"),
    )
    op.create_index("ix_stale_article_due", "stale_article", ["due", "id"], unique=False)
    op.create_index(
        "ix_article_category", "article", ["category_id", "published", "id"], unique=False
    )
    op.create_index("ix_article_published", "article", ["published", "id"], unique=False)
    op.create_index("ix_delivery_state", "delivery", ["edition_id", "state", "id"], unique=False)
    op.create_index(
        "ix_edition_article_edition_id", "edition_article", ["edition_id"], unique=False
    )
    op.create_index("ix_feed_article_article", "feed_article", ["article_id"], unique=False)
    op.create_index(
        "ix_feed_article_window",
        "feed_article",
        ["feed_id", "published", "article_id"],
        unique=False,
    )


def create_sqlite_triggers() -> None:
    note = f"INSERT INTO stale_article (article_id, due) VALUES ({{row}}.id, '{AT_ONCE}')"
    new, old = note.format(row="NEW"), note.format(row="OLD")
    below = "c.path = NEW.path OR substr(c.path, 1, length(NEW.path) + 1) = NEW.path || '/'"
    for name, moment, action in (
        ("article_stored", "AFTER INSERT ON article", new),
        ("article_edited", f"AFTER UPDATE OF {', '.join(WATCHED)} ON article", new),
        ("article_deleted", "AFTER DELETE ON article", old),
        (
            "category_edited",
            "AFTER UPDATE OF path, title, parent_id ON category",
            f"INSERT INTO stale_article (article_id, due) SELECT a.id, '{AT_ONCE}' "
            f"FROM article a JOIN category c ON c.id = a.category_id WHERE {below}",
        ),
    ):
        op.execute(f"CREATE TRIGGER {name} {moment} BEGIN {action}; END")


def create_postgresql_triggers() -> None:
    # The notification only wakes the syndicator up; the table is the truth.
    op.execute(
        """
        CREATE FUNCTION note_stale_article() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE at_once CONSTANT timestamptz := '1970-01-01T00:00:00Z';
        BEGIN
            IF TG_TABLE_NAME = 'category' THEN
                INSERT INTO stale_article (article_id, due)
                SELECT a.id, at_once FROM article a JOIN category c ON c.id = a.category_id
                WHERE c.path = NEW.path OR starts_with(c.path, NEW.path || '/');
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO stale_article (article_id, due) VALUES (OLD.id, at_once);
            ELSE
                INSERT INTO stale_article (article_id, due) VALUES (NEW.id, at_once);
            END IF;
            PERFORM pg_notify('publisher_stale', '');
            RETURN NULL;
        END $$
        """
    )
    for name, moment in (
        ("article_stored", "AFTER INSERT OR DELETE ON article"),
        ("article_edited", f"AFTER UPDATE OF {', '.join(WATCHED)} ON article"),
        ("category_edited", "AFTER UPDATE OF path, title, parent_id ON category"),
    ):
        op.execute(
            f"CREATE TRIGGER {name} {moment} FOR EACH ROW EXECUTE FUNCTION note_stale_article()"
        )
