"""The ledger of mails that are no editions, and from when a letter may leave.

Revision ID: 0003
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(JSONB(), "postgresql")
TIME = sa.DateTime(timezone=True)
AT_ONCE = {"sqlite": "1970-01-01 00:00:00.000000", "postgresql": "1970-01-01 00:00:00+00"}


def upgrade() -> None:
    op.create_table(
        "notice",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subscriber_id", sa.Integer(), nullable=False),
        sa.Column("list", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("details", JSON, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("due", TIME, nullable=False),
        sa.Column("reply", sa.Text(), nullable=False),
        sa.Column("changed", TIME, nullable=False),
        sa.ForeignKeyConstraint(["subscriber_id"], ["subscriber.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("kind", "subscriber_id", "list", "key"),
    )
    op.create_index("ix_notice_state", "notice", ["state", "id"])
    due = sa.Column("due", TIME, nullable=False, server_default=AT_ONCE[op.get_bind().dialect.name])
    op.add_column("delivery", due)
