"""The search index, and which articles are translations of each other.

Revision ID: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

AT_ONCE = "1970-01-01 00:00:00.000000"


def upgrade() -> None:
    op.add_column("article", sa.Column("translation_key", sa.Text(), nullable=True))
    op.create_index(
        "ix_article_translation",
        "article",
        ["translation_key"],
        sqlite_where=sa.text("translation_key IS NOT NULL"),
        postgresql_where=sa.text("translation_key IS NOT NULL"),
    )
    op.create_table(
        "search_row",
        sa.Column("article_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("newness", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("article_id"),
        sa.UniqueConstraint("newness"),
    )
    # One row: how far of the change log the index has come. It begins at the beginning, so that
    # what is published already is taken in by and by.
    op.create_table(
        "search_progress",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.execute("INSERT INTO search_progress (id, position) VALUES (1, 0)")
    if op.get_bind().dialect.name == "sqlite":
        for_sqlite()
    else:
        for_postgresql()


def for_sqlite() -> None:
    # Words come ready made (publisher/terms.py), so a sign that belongs to a word must not end it;
    # private characters (Co) begin the words of titles.
    op.execute(
        "CREATE VIRTUAL TABLE search_text USING fts5(title, text, marks, tokenize = "
        "\"unicode61 remove_diacritics 0 categories 'L* M* N* Co'\")"
    )
    # A trigger of its own: another migration may make the one that watches the rest anew.
    op.execute(
        "CREATE TRIGGER article_translated AFTER UPDATE OF translation_key ON article BEGIN "
        f"INSERT INTO stale_article (article_id, due) VALUES (NEW.id, '{AT_ONCE}'); END"
    )


def for_postgresql() -> None:
    op.execute(
        "CREATE TABLE search_text (newness bigint PRIMARY KEY REFERENCES search_row (newness) "
        "ON DELETE CASCADE, document tsvector NOT NULL)"
    )
    op.execute("CREATE INDEX ix_search_text_document ON search_text USING gin (document)")
    op.execute(
        "CREATE TRIGGER article_translated AFTER UPDATE OF translation_key ON article "
        "FOR EACH ROW EXECUTE FUNCTION note_stale_article()"
    )
