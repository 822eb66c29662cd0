"""What pytest collects here: the examples are run by a test, as programs of their own."""

collect_ignore = ["examples"]
