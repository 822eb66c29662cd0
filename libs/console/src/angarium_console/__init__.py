"""The built assets of the operator console and the customer portal."""
