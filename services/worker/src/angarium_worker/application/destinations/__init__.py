"""The port through which deliveries leave."""
