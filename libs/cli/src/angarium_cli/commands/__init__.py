"""The commands, one file each. Imports of weight are inside the functions: help must be quick."""
