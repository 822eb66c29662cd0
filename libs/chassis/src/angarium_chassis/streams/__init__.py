"""Redis streams through FastStream, with its pitfalls handled in one place.

An entry is acknowledged and deleted together. So the first entry of a stream is the oldest
unfinished one, and the length of a stream is its backlog.
"""
