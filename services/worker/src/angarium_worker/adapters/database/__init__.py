"""The worker's database: attempts, pending deliveries, and a copy of the endpoints."""
