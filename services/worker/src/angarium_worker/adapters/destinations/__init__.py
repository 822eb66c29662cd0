"""The destinations that deliveries can go to."""
