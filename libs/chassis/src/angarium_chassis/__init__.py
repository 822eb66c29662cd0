"""What every Angarium service needs: settings, logging, metrics, database, streams, health."""
