"""Certificates of this side: the public port's, and those shown to Redis and Postgres."""
