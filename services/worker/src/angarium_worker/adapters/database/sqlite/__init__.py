"""The worker's stores on SQLite."""
