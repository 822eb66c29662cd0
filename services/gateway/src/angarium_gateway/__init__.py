"""The public door: HTTP API, authentication, idempotency, and the journal of accepted messages."""
