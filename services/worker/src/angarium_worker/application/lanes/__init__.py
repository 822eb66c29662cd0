"""Durable per-endpoint queues: which lane has its turn, and what its endpoint may get."""
