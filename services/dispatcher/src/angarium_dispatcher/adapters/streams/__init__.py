"""The dispatcher's streams: queries, directory changes and the hot path."""
