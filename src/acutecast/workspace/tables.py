"""The tables of a workspace. What people decide is never overwritten: every change is a row."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
    }
)

# Times are UTC. `content` and `options` are JSON text, so that any database holds the same bytes.
SCENARIO = Table(
    "scenario",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("dataset", String(40), nullable=False),
    Column("owner", String(200), nullable=False),
    Column("shared", Boolean, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("content", Text, nullable=False),
    Column("copied_from", String(32)),
    Column("created_at", DateTime, nullable=False),
    Column("changed_at", DateTime, nullable=False),
    Column("changed_by", String(200), nullable=False),
    Column("deleted_at", DateTime),
    Index("ix_scenario_dataset", "dataset"),
)

# A row for each path that a revision changed; `before` and `after` are JSON text, NULL for nothing.
CHANGE = Table(
    "change",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("scenario_id", ForeignKey("scenario.id"), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("kind", String(20), nullable=False),
    Column("path", Text, nullable=False),
    Column("before", Text),
    Column("after", Text),
    Column("reason", Text, nullable=False),
    Column("who", String(200), nullable=False),
    Column("at", DateTime, nullable=False),
    Index("ix_change_scenario_id", "scenario_id", "revision"),
)

JOB = Table(
    "job",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("scenario_id", ForeignKey("scenario.id"), nullable=False),
    Column("scenario_name", String(200), nullable=False),
    Column("dataset", String(40), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("content", Text, nullable=False),
    Column("options", Text, nullable=False),
    Column("who", String(200), nullable=False),
    Column("state", String(20), nullable=False),
    Column("stage", String(40), nullable=False),
    Column("done", Integer, nullable=False),
    Column("of", Integer, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("message", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("stop_asked", Boolean, nullable=False),
    Column("worker", String(200)),
    Column("beat_at", DateTime),
    Column("asked_at", DateTime, nullable=False),
    Column("started_at", DateTime),
    Column("ended_at", DateTime),
    Column("deleted_at", DateTime),
    Index("ix_job_state", "state", "asked_at"),
    Index("ix_job_scenario_id", "scenario_id"),
)
