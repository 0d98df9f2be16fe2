#!/bin/sh
# Run once by the image of PostgreSQL, when its data folder is empty: the roles of deploy/postgres/roles.sql.
set -eu
secrets=${SECRETS:-/run/secrets}
psql -X -v ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname postgres \
  -v tocsin_password="$(cat "$secrets/postgres_tocsin")" \
  -v reader_password="$(cat "$secrets/postgres_reader")" \
  -f "${ROLES:-/etc/tocsin/roles.sql}"
