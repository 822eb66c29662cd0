"""The rate of an endpoint's application, for endpoints without one of their own.

Deploy order: before the code. Endpoints whose application has a rate take new versions, so that
workers learn it. Undoing it leaves workers with the rates of applications until they hear of the
endpoints again.

Locks: ACCESS EXCLUSIVE on endpoints.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None
works_from = "0003"

SET_RATES = """
update endpoints
set application_throttle_rate = limited.throttle_rate,
    version = directory_version.version + limited.place
from directory_version, (
    select endpoints.id, applications.throttle_rate,
        row_number() over (order by endpoints.id) as place
    from endpoints join applications on applications.id = endpoints.application_id
    where applications.throttle_rate is not null
        and endpoints.throttle_rate is null
        and endpoints.deleted = false
) as limited
where endpoints.id = limited.id
"""
COUNT_VERSIONS = """
update directory_version set version = (select max(version) from endpoints)
where version < (select max(version) from endpoints)
"""


def upgrade() -> None:
    op.add_column("endpoints", sa.Column("application_throttle_rate", sa.Integer()))
    op.execute(SET_RATES)
    op.execute(COUNT_VERSIONS)


def downgrade() -> None:
    op.drop_column("endpoints", "application_throttle_rate")
