"""The API's resources on the command line: `angarium apps`, `endpoints` and so on.

One table (`table.py`) says which operations there are; `commands.py` makes commands of it, and
`requests.py` sends what they ask for.
"""
