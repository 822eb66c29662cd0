"""The Alembic environment that the env.py of each service uses."""

from alembic import context


def run_migrations() -> None:
    """Run migrations in the transaction that `Schema.migrate` opened."""
    connection = context.config.attributes["connection"]
    context.configure(
        connection=connection,
        target_metadata=context.config.attributes["tables"],
        render_as_batch=connection.dialect.name == "sqlite",
        transactional_ddl=True,
    )
    context.run_migrations()
