"""The API: access tokens, requests that must not act twice, and webhooks.

Revision ID: 0014
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
AT_ONCE = "1970-01-01 00:00:00.000000"
# SQLite's own clock, as the store writes times.
NOW = "strftime('%Y-%m-%d %H:%M:%f', 'now') || '000'"


def upgrade() -> None:
    create_access()
    create_webhooks()
    if op.get_bind().dialect.name == "sqlite":
        create_sqlite_triggers()
    else:
        create_postgresql_triggers()


def create_access() -> None:
    op.create_table(
        "access_token",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("handle", sa.Text(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("scopes", JSON, nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.Column("last_used", TIME, nullable=True),
        sa.Column("revoked", TIME, nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("handle"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "keyed_request",
        sa.Column("token_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("article_id", sa.Integer(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("token_id", "key"),
        sa.ForeignKeyConstraint(["token_id"], ["access_token.id"], ondelete="CASCADE"),
    )
    op.create_index("ix_keyed_request_at", "keyed_request", ["at"])


def create_webhooks() -> None:
    op.create_table(
        "webhook",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.Column("failing_since", TIME, nullable=True),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "webhook_event",
        sa.Column("webhook_id", sa.Integer(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("webhook_id", "event"),
        sa.ForeignKeyConstraint(["webhook_id"], ["webhook.id"], ondelete="CASCADE"),
    )
    op.create_index("ix_webhook_event_event", "webhook_event", ["event"])
    op.create_table(
        "webhook_message",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("webhook_id", sa.Integer(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("subject", sa.Integer(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("due", TIME, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("failing_since", TIME, nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.ForeignKeyConstraint(["webhook_id"], ["webhook.id"], ondelete="CASCADE"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_webhook_message_due", "webhook_message", ["due"])
    op.create_index("ix_webhook_message_webhook", "webhook_message", ["webhook_id"])


def insert(event: str, subject: str, at: str, rows: str = "", due: str = f"'{AT_ONCE}'") -> str:
    """One message for each webhook that wants to know; `rows` is where new rows are read from."""
    return (
        "INSERT INTO webhook_message (webhook_id, event, subject, at, due) "
        f"SELECT w.webhook_id, w.event, {subject}, {at}, {due} FROM webhook_event w {rows} "
        f"WHERE w.event = {event}"
    )


def create_sqlite_triggers() -> None:
    for name, moment, action in (
        (
            "change_told", "AFTER INSERT ON change",
            insert("'article.' || NEW.kind", "NEW.position", "NEW.at"),
        ),
        (
            "transition_told", "AFTER INSERT ON transition",
            insert("'subscriber.changed'", "NEW.id", "NEW.at"),
        ),
        (
            "edition_told",
            "AFTER UPDATE OF state ON edition WHEN NEW.state = 'sent' AND OLD.state <> 'sent'",
            insert("'edition.sent'", "NEW.id", NOW),
        ),
    ):  # fmt: skip
        op.execute(f"CREATE TRIGGER {name} {moment} BEGIN {action}; END")


def create_postgresql_triggers() -> None:
    # Once for all the rows of a statement where they are inserted: an import makes many at once.
    at_once = "timestamptz '1970-01-01T00:00:00Z'"
    changes = insert("'article.' || n.kind", "n.position", "n.at", "CROSS JOIN made n", at_once)
    states = insert("'subscriber.changed'", "n.id", "n.at", "CROSS JOIN made n", at_once)
    edition = insert("'edition.sent'", "NEW.id", "clock_timestamp()", "", at_once)
    for table, action in (("change", changes), ("transition", states), ("edition", edition)):
        op.execute(
            f"CREATE FUNCTION tell_of_{table}() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN {action}; RETURN NULL; END $$"
        )
    for table in ("change", "transition"):
        op.execute(
            f"CREATE TRIGGER {table}_told AFTER INSERT ON {table} REFERENCING NEW TABLE AS made "
            f"FOR EACH STATEMENT EXECUTE FUNCTION tell_of_{table}()"
        )
    op.execute(
        "CREATE TRIGGER edition_told AFTER UPDATE OF state ON edition FOR EACH ROW "
        "WHEN (NEW.state = 'sent' AND OLD.state <> 'sent') EXECUTE FUNCTION tell_of_edition()"
    )
