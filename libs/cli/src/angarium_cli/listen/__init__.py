"""`angarium listen`: deliveries of a platform, forwarded to a program on this machine.

The messages come from a polled endpoint of the listener's own, whose consumer keeps the position:
what was not forwarded before an interruption is forwarded after it.
"""
