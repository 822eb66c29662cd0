"""Why attempts failed: stable codes with a cause, a remedy and the evidence."""

from .catalog import FAILURES, documentation_of
from .explain import explain
from .records import AttemptRecord
from .rewritten_bodies import find_rewritten_body

__all__ = ["FAILURES", "AttemptRecord", "documentation_of", "explain", "find_rewritten_body"]
