"""The history of the worker's schema."""
