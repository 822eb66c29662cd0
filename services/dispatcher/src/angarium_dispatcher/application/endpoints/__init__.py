"""Creating, changing and deleting endpoints."""
