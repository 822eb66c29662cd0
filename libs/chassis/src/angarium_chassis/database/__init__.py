"""A service's own database: Postgres, or a SQLite file. SQLAlchemy Core, no ORM."""
