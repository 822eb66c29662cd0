"""Errors of Redis, as the application knows them."""

from collections.abc import Iterator
from contextlib import contextmanager

from redis.exceptions import RedisError

from angarium_gateway.application.unavailable import StreamUnavailable


@contextmanager
def redis_failures() -> Iterator[None]:
    """Raise `StreamUnavailable` in place of errors of redis-py and of the connection."""
    try:
        yield
    except (RedisError, OSError, TimeoutError) as error:
        raise StreamUnavailable(str(error) or type(error).__name__) from error
