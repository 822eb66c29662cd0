"""The worker's stores on Postgres."""
