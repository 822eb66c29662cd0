"""The process doubles of the chassis's tests, for what follows the dispatcher's directory."""

from ....chassis.tests.process_double import new_process, process, redis

__all__ = ["new_process", "process", "redis"]
