#!/bin/sh
# Makes the user and the database of Tracklane. The user is no superuser: row level security does not hold for those.
set -eu
psql -v ON_ERROR_STOP=1 -v password="$POSTGRES_PASSWORD" -U postgres <<'SQL'
CREATE ROLE tracklane LOGIN PASSWORD :'password';
CREATE DATABASE tracklane OWNER tracklane;
SQL
