"""Slots, counters and wake signals that the parts of one worker process share."""
