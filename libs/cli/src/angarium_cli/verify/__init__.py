"""`angarium verify`: compares the ledgers of the services."""
