"""`angarium dev`: the engines and the three services as processes of one terminal."""
