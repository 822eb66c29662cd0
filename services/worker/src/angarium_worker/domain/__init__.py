"""What the worker decides: pure, standard library only."""
