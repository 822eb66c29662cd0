"""Where the dispatcher meets its database, the streams and its metrics."""
