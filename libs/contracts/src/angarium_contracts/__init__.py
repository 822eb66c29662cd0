"""Messages between the services: events, queries, ids and stream names."""
