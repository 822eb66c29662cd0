"""The table of both kinds of inbox is one, and Django's migrations create it."""

from io import StringIO

from angarium_receiver.inbox.sqlalchemy import inbox_table
from sqlalchemy import MetaData, create_engine, inspect
from sqlalchemy.dialects import mysql
from sqlalchemy.schema import CreateTable

from libs.receiver.tests import django_project


def test_django_migrates_to_the_table_that_sqlalchemy_declares(sqlite_url: str) -> None:
    django_project.set_up()
    from django.core.management import call_command

    url = sqlite_url.replace("sqlite+aiosqlite", "sqlite")
    alias = django_project.use(url)
    call_command("makemigrations", check=True, verbosity=0)
    call_command("migrate", "angarium_inbox", database=alias, verbosity=0)

    table = inbox_table(MetaData())
    engine = create_engine(url)
    inspector = inspect(engine)
    columns = {each["name"] for each in inspector.get_columns(table.name)}
    assert columns == set(table.columns.keys())
    key = inspector.get_pk_constraint(table.name)["constrained_columns"]
    assert key == [each.name for each in table.primary_key]
    indexed = [each["column_names"] for each in inspector.get_indexes(table.name)]
    assert indexed == [["received_at"]]
    engine.dispose()

    written = StringIO()
    call_command("prune_webhook_inbox", database=alias, stdout=written)
    assert written.getvalue() == "deleted 0\n"


def test_mysql_tells_ids_apart_by_their_case() -> None:
    statement = CreateTable(inbox_table(MetaData())).compile(dialect=mysql.dialect())
    assert "event_key VARCHAR(255) COLLATE utf8mb4_bin NOT NULL" in str(statement)
