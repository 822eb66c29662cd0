"""The dispatcher's streams: what it answers, announces and dispatches."""
