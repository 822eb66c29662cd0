"""What the services say to each other: events, queries, ids and stream names."""
