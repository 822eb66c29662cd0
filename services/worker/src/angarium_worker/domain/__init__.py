"""Policies and decisions of the worker: pure, standard library only."""
