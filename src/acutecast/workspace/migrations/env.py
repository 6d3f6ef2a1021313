"""How Alembic reaches the database: `acutecast.workspace.workspace` hands it a connection."""

from __future__ import annotations

from alembic import context

from acutecast.workspace.tables import METADATA

# SQLite changes a table by copying it, which is what a batch does.
context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
