"""Filter expressions of endpoints: their syntax tree, their cost, and their evaluation."""
