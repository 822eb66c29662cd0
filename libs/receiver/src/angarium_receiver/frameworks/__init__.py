"""Routes for web frameworks: each reads the raw body up to the receiver's limit, and answers."""
