"""Roll-ups of the services' ledgers: counts and latencies per minute, hour and day."""
