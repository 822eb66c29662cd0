#!/bin/bash
# A database and a role for each service. The Postgres image runs it on an empty data volume.
# It may be run again, and changes passwords then:
#   docker compose exec postgres bash /docker-entrypoint-initdb.d/create-databases.sh
set -euo pipefail

create() {
    # By environment: a password among the arguments would stand in the list of processes.
    SERVICE_ROLE="angarium_$1" SERVICE_PASSWORD="$2" psql --no-psqlrc --quiet \
        --set=ON_ERROR_STOP=1 --username="$POSTGRES_USER" --dbname=postgres <<'SQL'
\getenv name SERVICE_ROLE
\getenv password SERVICE_PASSWORD
SELECT format('CREATE ROLE %I', :'name')
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'name') \gexec
ALTER ROLE :"name" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'password';
SELECT format('CREATE DATABASE %I', :'name')
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'name') \gexec
ALTER DATABASE :"name" OWNER TO :"name";
REVOKE ALL ON DATABASE :"name" FROM PUBLIC;
\connect :"name"
-- In databases that the superuser made, as earlier versions had them, the tables change hands.
SELECT format('ALTER TABLE %s OWNER TO %I', pg_class.oid::regclass, :'name') FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
AND pg_get_userbyid(relowner) <> :'name' \gexec
SQL
}

create gateway "$POSTGRES_GATEWAY_PASSWORD"
create dispatcher "$POSTGRES_DISPATCHER_PASSWORD"
create worker "$POSTGRES_WORKER_PASSWORD"
