"""Who is sending a letter, how often it was tried, and whose fault a refusal is.

Revision ID: 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "worker",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("alive_until", TIME, nullable=False),
        sa.Column("work", sa.Text(), nullable=False),
        sa.Column("rate", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    for table in ("delivery", "notice"):
        op.add_column(table, sa.Column("owner", sa.Text(), nullable=True))
        op.add_column(table, sa.Column("fault", sa.Text(), nullable=False, server_default=""))
    attempts = sa.Column("attempts", sa.Integer(), nullable=False, server_default="0")
    op.add_column("delivery", attempts)
    op.drop_index("ix_delivery_state", "delivery")
    op.drop_index("ix_delivery_due", "delivery")
    op.create_index("ix_delivery_next", "delivery", ["edition_id", "state", "due", "id"])
    # Nobody tried again what was deferred so far; in editions that are closed nobody shall.
    closed = "SELECT id FROM edition WHERE state NOT IN ('cut', 'stopped')"
    op.execute(
        "UPDATE delivery SET state = 'failed' "
        f"WHERE state = 'deferred' AND edition_id IN ({closed})"
    )
