"""`angarium doctor`: looks at everything that the platform needs, and changes nothing."""
