"""The parts of the sitemap, counted once from the change log.

Revision ID: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
ROWS = 5000


def upgrade() -> None:
    op.create_table(
        "sitemap_part",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("articles", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("changed", TIME, nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.execute(
        f"""
        INSERT INTO sitemap_part (number, articles, position, changed)
        SELECT (span.first - 1) / {ROWS} + 1, count(change.state), max(span.last), max(change.at)
        FROM (SELECT min(position) AS first, max(position) AS last FROM change GROUP BY article_id)
             AS span
        JOIN change ON change.position = span.last
        GROUP BY (span.first - 1) / {ROWS} + 1
        """
    )
