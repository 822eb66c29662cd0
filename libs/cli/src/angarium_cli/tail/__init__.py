"""`angarium tail`: the stream of events, followed and printed."""
