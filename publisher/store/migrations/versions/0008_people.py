"""States of addresses and of subscriptions apart, the log of both, suppressions and keys.

Revision ID: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
AT_ONCE = {"sqlite": "1970-01-01 00:00:00.000000", "postgresql": "1970-01-01 00:00:00+00"}
NOW = {"sqlite": "strftime('%Y-%m-%d %H:%M:%f000', 'now')", "postgresql": "now()"}
# 63 random bits.
HANDLE = {
    "sqlite": "random() & 9223372036854775807",
    "postgresql": "('x' || substr(md5(gen_random_uuid()::text), 1, 16))::bit(64)::bigint "
    "& 9223372036854775807",
}
STOPPED = "state IN ('bounced', 'complained')"


def upgrade() -> None:
    dialect = op.get_bind().dialect.name
    create_tables()
    attempts = sa.Column("attempts", sa.Integer(), nullable=False, server_default=sa.text("0"))
    op.add_column("notice", attempts)
    handle = sa.Column("handle", sa.BigInteger(), nullable=False, server_default=sa.text("0"))
    op.add_column("subscriber", handle)
    state = sa.Column("state", sa.Text(), nullable=False, server_default="pending")
    op.add_column("subscription", state)
    since = sa.Column("since", TIME, nullable=False, server_default=AT_ONCE[dialect])
    op.add_column("subscription", since)
    part_states(dialect)
    create_indexes()


def create_tables() -> None:
    op.create_table(
        "transition",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("subscriber_id", sa.Integer(), nullable=False),
        sa.Column("list", sa.Text(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("after", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["subscriber_id"], ["subscriber.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_transition_subscriber", "transition", ["subscriber_id", "id"])
    op.create_table(
        "suppression",
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since", TIME, nullable=False),
        sa.PrimaryKeyConstraint("hash"),
    )
    op.create_table(
        "signing_key",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("use", sa.Text(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.Column("revoked", TIME, nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )


def part_states(dialect: str) -> None:
    """What was one state is now two: of the address, and of each of its subscriptions."""
    op.execute(
        "UPDATE subscription SET state = (SELECT CASE s.state WHEN 'bounced' THEN 'active' "
        "WHEN 'complained' THEN 'unsubscribed' ELSE s.state END "
        f"FROM subscriber s WHERE s.id = subscription.subscriber_id), since = {NOW[dialect]}"
    )
    op.execute(
        f"UPDATE subscriber SET handle = {HANDLE[dialect]}, "
        f"state = CASE WHEN {STOPPED} THEN state ELSE 'deliverable' END"
    )
    columns = "subscriber_id, list, at, before, after, cause, note"
    note = "'Written down when the log of states began.'"
    op.execute(
        f"INSERT INTO transition ({columns}) SELECT subscriber_id, list, since, '', state, "
        "CASE state WHEN 'active' THEN 'consent' WHEN 'pending' THEN 'added' ELSE 'taken off' END, "
        f"{note} FROM subscription"
    )
    op.execute(
        f"INSERT INTO transition ({columns}) SELECT id, '', {NOW[dialect]}, 'deliverable', state, "
        f"state, {note} FROM subscriber WHERE {STOPPED}"
    )


def create_indexes() -> None:
    op.drop_index("ix_notice_state", "notice")
    op.create_index("ix_notice_next", "notice", ["state", "due", "id"])
    op.create_index("ix_subscriber_handle", "subscriber", ["handle"], unique=True)
    op.create_index("ix_subscription_readers", "subscription", ["list", "state", "id"])
    op.create_index("ix_subscription_subscriber", "subscription", ["subscriber_id"])
    for name, table, column, where in (
        ("ix_subscriber_stopped", "subscriber", "state", "state <> 'deliverable'"),
        ("ix_subscription_pending", "subscription", "since", "state = 'pending'"),
    ):
        where_text = sa.text(where)
        op.create_index(name, table, [column], sqlite_where=where_text, postgresql_where=where_text)
