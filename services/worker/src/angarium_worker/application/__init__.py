"""The worker's use cases and their ports: no framework, no driver."""
