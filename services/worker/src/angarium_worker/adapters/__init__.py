"""The worker's ports, filled: streams, database, sender."""
