"""Parts that every Angarium service needs: settings, logs, metrics, database, streams, health."""
