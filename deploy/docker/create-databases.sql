-- Run once by the Postgres image, on an empty data volume: each service owns its database.
CREATE DATABASE angarium_gateway;
CREATE DATABASE angarium_dispatcher;
CREATE DATABASE angarium_worker;
