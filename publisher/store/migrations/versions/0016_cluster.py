"""What many processes share: how far limits are used up, and the files of feeds.

Revision ID: 0016
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "pace",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("rate", sa.Double(), nullable=False),
        sa.Column("free_at", sa.Double(), nullable=False),
        sa.Column("line", sa.Double(), nullable=False),
        sa.Column("slowed_at", sa.Double(), nullable=True),
        sa.Column("grown_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "feed_file",
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("modified", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=True),
        sa.Column("gzip", sa.LargeBinary(), nullable=True),
        sa.Column("brotli", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("path"),
    )
    op.create_index("ix_feed_file_position", "feed_file", ["position"], unique=True)
