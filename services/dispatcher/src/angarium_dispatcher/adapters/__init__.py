"""Adapters to the dispatcher's database, the streams and the metrics."""
