"""Delete the content of many messages, and erase the data of a person."""
