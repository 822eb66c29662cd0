"""`angarium quarantine`: what was put away, and bringing it back."""
