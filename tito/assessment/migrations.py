"""From the tables of an older gradebook to those of today, one step for each change. Alembic knows how each database does it.

A step is never edited once it has been released: gradebooks out there have been through it.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Connection


def rounds_and_sources(op) -> None:
    """1 -> 2: a submission may be graded again with the same questions; where a submission was found, so that it is not read again;
    what a check measured."""
    if "value" not in {column["name"] for column in sa.inspect(op.get_bind()).get_columns("checks")}:
        op.add_column("checks", sa.Column("value", sa.Float))
    with op.batch_alter_table("jobs", naming_convention={"uq": "uq_%(table_name)s"}) as jobs:
        jobs.add_column(sa.Column("round", sa.Integer, nullable=False, server_default="0"))
        jobs.drop_constraint("uq_jobs", type_="unique")
        jobs.create_unique_constraint(
            "one_of_a_kind", ["submission", "task", "rubric", "environment", "epoch", "round"]
        )
    op.create_table(
        "sources",
        sa.Column("path", sa.String, primary_key=True),
        sa.Column("stamp", sa.String, nullable=False),
        sa.Column("submission", sa.Integer, sa.ForeignKey("submissions.id"), nullable=False),
    )


STEPS = {1: rounds_and_sources}


def upgrade(database: Connection, now_at: int) -> None:
    """Take every step from there on, within the transaction that is open."""
    from alembic.operations import Operations
    from alembic.runtime.migration import MigrationContext

    op = Operations(MigrationContext.configure(database))
    for schema in sorted(STEPS):
        if schema >= now_at:
            STEPS[schema](op)
