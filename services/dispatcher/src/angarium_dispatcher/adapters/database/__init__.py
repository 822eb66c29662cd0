"""The dispatcher's own database."""
