"""How much this process may do at once, what it has done, and the signal that wakes its loops."""
