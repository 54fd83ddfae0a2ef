"""Alembic's entry: runs the scripts on the connection that storage.migrate hands over."""

from alembic import context

from gatewright.storage.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=True,
)
context.run_migrations()
