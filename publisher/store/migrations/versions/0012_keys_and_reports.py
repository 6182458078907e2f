"""The secrets of mails beside all others, and an index for what came back of an edition.

Revision ID: 0012
"""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

OLD = sa.table("mail_key", sa.column("id", sa.Integer), sa.column("secret", sa.Text))
NEW = sa.table(
    "signing_key",
    sa.column("use", sa.Text),
    sa.column("secret", sa.LargeBinary),
    sa.column("created", sa.DateTime(timezone=True)),
)


def upgrade() -> None:
    connection, now = op.get_bind(), datetime.now(UTC)
    secrets = connection.scalars(sa.select(OLD.c.secret).order_by(OLD.c.id)).all()
    for secret in secrets:  # in their order: the newest one signs
        values = {"use": "mails", "secret": bytes.fromhex(secret), "created": now}
        connection.execute(sa.insert(NEW).values(values))
    op.drop_table("mail_key")
    op.create_index("ix_mail_report_edition", "mail_report", ["edition_id"])
