"""Use cases of the dispatcher, and the ports that they need."""
