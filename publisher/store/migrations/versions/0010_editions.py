"""Editions that are held and stopped, what they said, their variants, and corrections.

Revision ID: 0010
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(JSONB(), "postgresql")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    for column in (
        sa.Column("first_date", sa.Date(), nullable=True),
        sa.Column("built_at", TIME, nullable=True),
        sa.Column("frozen_at", TIME, nullable=True),
        sa.Column("prepared_at", TIME, nullable=True),
        sa.Column("position", sa.Integer(), nullable=True),
        sa.Column("text_position", sa.Integer(), nullable=True),
        sa.Column("trouble", sa.Text(), nullable=False, server_default=""),
    ):
        op.add_column("edition", column)
    # Editions so far were settled as they were cut; what they said was not kept.
    op.execute("UPDATE edition SET frozen_at = cut_at")
    create_tables()
    op.create_index("ix_edition_article_article_id", "edition_article", ["article_id"])
    op.create_index("ix_delivery_due", "delivery", ["edition_id", "state", "due"])


def create_tables() -> None:
    op.create_table(
        "frozen_edition",
        sa.Column("edition_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["edition_id"], ["edition.id"]),
        sa.PrimaryKeyConstraint("edition_id"),
    )
    op.create_table(
        "edition_variant",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("edition_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("shown", JSON, nullable=False),
        sa.Column("html", sa.LargeBinary(), nullable=True),
        sa.Column("text", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["edition_id"], ["edition.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_edition_variant_edition_id", "edition_variant", ["edition_id"])
    op.create_table(
        "edition_correction",
        sa.Column("edition_id", sa.Integer(), nullable=False),
        sa.Column("article_id", sa.Integer(), nullable=False),
        sa.Column("change", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["edition_id"], ["edition.id"]),
        sa.PrimaryKeyConstraint("edition_id", "article_id"),
    )
    op.create_index("ix_edition_correction_change", "edition_correction", ["change"])
    op.create_table(
        "correction_mail",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("edition_id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("details", JSON, nullable=False),
        sa.Column("is_done", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["edition_id"], ["edition.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_correction_mail_edition_id", "correction_mail", ["edition_id"])
