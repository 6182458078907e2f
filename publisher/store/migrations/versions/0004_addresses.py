"""Former slugs and paths, kept by triggers; ids of feeds that stay; feeds that are gone.

Revision ID: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

OPEN = sa.text("state <> 'swept'")


def upgrade() -> None:
    op.create_table(
        "former_slug",
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("article_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("slug"),
    )
    op.create_table(
        "former_path",
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("category_id", sa.Integer(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False, server_default="noted"),
        sa.PrimaryKeyConstraint("path"),
    )
    op.create_index(
        "ix_former_path_open", "former_path", ["state"], sqlite_where=OPEN, postgresql_where=OPEN
    )
    op.add_column("feed", sa.Column("uid", sa.Text(), nullable=True))
    op.create_index("ix_feed_uid", "feed", ["uid"], unique=True)
    op.add_column(
        "feed", sa.Column("gone", sa.Boolean(), nullable=False, server_default=sa.text("false"))
    )
    if op.get_bind().dialect.name == "sqlite":
        create_sqlite_triggers()
    else:
        create_postgresql_triggers()


def create_sqlite_triggers() -> None:
    slug = "INSERT OR REPLACE INTO former_slug (slug, article_id) VALUES (OLD.slug, OLD.id)"
    path = "INSERT OR REPLACE INTO former_path (path, category_id, state) VALUES (OLD.path, {}, {})"
    noted = "'noted'"
    for name, moment, condition, action in (
        (
            "article_slug_changed",
            "AFTER UPDATE OF slug ON article",
            "OLD.slug IS NOT NULL AND OLD.slug IS NOT NEW.slug",
            slug,
        ),
        ("article_slug_gone", "AFTER DELETE ON article", "OLD.slug IS NOT NULL", slug),
        (
            "category_path_changed",
            "AFTER UPDATE OF path ON category",
            "OLD.path <> NEW.path",
            path.format("NEW.id", noted),
        ),
        ("category_path_gone", "AFTER DELETE ON category", "1", path.format("NULL", noted)),
    ):
        op.execute(f"CREATE TRIGGER {name} {moment} WHEN {condition} BEGIN {action}; END")


def create_postgresql_triggers() -> None:
    op.execute(
        """
        CREATE FUNCTION note_former_slug() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF OLD.slug IS NULL OR (TG_OP = 'UPDATE' AND NEW.slug IS NOT DISTINCT FROM OLD.slug)
            THEN RETURN NULL; END IF;
            INSERT INTO former_slug (slug, article_id) VALUES (OLD.slug, OLD.id)
            ON CONFLICT (slug) DO UPDATE SET article_id = excluded.article_id;
            RETURN NULL;
        END $$
        """
    )
    op.execute(
        """
        CREATE FUNCTION note_former_path() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE now_called integer;
        BEGIN
            IF TG_OP = 'UPDATE' THEN
                IF NEW.path = OLD.path THEN RETURN NULL; END IF;
                now_called := NEW.id;
            END IF;
            INSERT INTO former_path (path, category_id) VALUES (OLD.path, now_called)
            ON CONFLICT (path) DO UPDATE
            SET category_id = excluded.category_id, state = 'noted';
            PERFORM pg_notify('publisher_stale', '');
            RETURN NULL;
        END $$
        """
    )
    for name, moment, function in (
        ("article_slug_changed", "AFTER UPDATE OF slug ON article", "note_former_slug"),
        ("article_slug_gone", "AFTER DELETE ON article", "note_former_slug"),
        ("category_path_changed", "AFTER UPDATE OF path ON category", "note_former_path"),
        ("category_path_gone", "AFTER DELETE ON category", "note_former_path"),
    ):
        op.execute(f"CREATE TRIGGER {name} {moment} FOR EACH ROW EXECUTE FUNCTION {function}()")
