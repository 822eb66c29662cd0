"""Errors that the ports to the database and to Redis raise."""


class JournalUnavailable(Exception):
    """The database did not take the commit, or did not say whether it did."""


class StreamUnavailable(Exception):
    """Redis did not take the entries, or did not say whether it did."""
