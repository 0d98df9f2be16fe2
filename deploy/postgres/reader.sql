-- As the administrator, after the gateway's first start, and again after an upgrade that brought tables:
--     psql -d tocsin -f reader.sql
--
-- What dashboards may read. Not: the journal, entries and dead letters (names and cards as devices have sent them, which
-- the API masks), messages to people, users and sessions.

\set ON_ERROR_STOP on

GRANT USAGE ON SCHEMA tocsin TO tocsin_reader;
GRANT SELECT ON tocsin.incidents, tocsin.detections, tocsin.orders, tocsin.actions, tocsin.drills TO tocsin_reader;
