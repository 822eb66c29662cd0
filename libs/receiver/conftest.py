"""Examples are not collected: they are run by a test, as programs of their own."""

collect_ignore = ["examples"]
