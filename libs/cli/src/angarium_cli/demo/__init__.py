"""`angarium dev --demo`: a few messages to a receiver on this machine, shown as they arrive."""
