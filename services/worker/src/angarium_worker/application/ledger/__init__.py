"""What goes on record: the rows, the port to where they are kept, and the commits."""
