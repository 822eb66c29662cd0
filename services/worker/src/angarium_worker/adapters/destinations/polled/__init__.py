"""Endpoints that are polled: nothing is sent, the record of the attempt is what consumers read."""

from .polled_destination import POLL_SCHEME, PolledDestination

__all__ = ["POLL_SCHEME", "PolledDestination"]
