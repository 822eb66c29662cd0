"""Redis streams through FastStream, with its hazards handled once for all services.

A group's entry is acknowledged and deleted together, so the oldest entry of a stream is
always the oldest unfinished one, and a stream's length is its backlog.
"""
