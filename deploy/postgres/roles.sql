-- Once, as the server's administrator, before the gateway's first start:
--     psql -v tocsin_password="$(cat tocsin-password)" -v reader_password="$(cat reader-password)" -f roles.sql
-- Running it again changes passwords and nothing else.
--
-- tocsin         the gateway: owns its schema, since it brings its tables to the schema of its version itself; may
--                nothing else on this server
-- tocsin_reader  reports, dashboards: may read what reader.sql grants, and write nothing

\set ON_ERROR_STOP on

SELECT 'CREATE ROLE tocsin' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'tocsin') \gexec
SELECT 'CREATE ROLE tocsin_reader' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'tocsin_reader') \gexec
SELECT 'CREATE DATABASE tocsin ENCODING ''UTF8'' TEMPLATE template0'
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'tocsin') \gexec

-- 40: the writer, two pools of readers, users, a backup, and as many again while a server notices that a gateway died.
ALTER ROLE tocsin LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS CONNECTION LIMIT 40
    PASSWORD :'tocsin_password';
ALTER ROLE tocsin_reader LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS CONNECTION LIMIT 10
    PASSWORD :'reader_password';

REVOKE ALL ON DATABASE tocsin FROM PUBLIC;
GRANT CONNECT, TEMPORARY ON DATABASE tocsin TO tocsin;
GRANT CONNECT ON DATABASE tocsin TO tocsin_reader;

\connect tocsin

REVOKE ALL ON SCHEMA public FROM PUBLIC;
CREATE SCHEMA IF NOT EXISTS tocsin AUTHORIZATION tocsin;

ALTER ROLE tocsin IN DATABASE tocsin SET search_path = tocsin;
-- A commit is what a PUBACK stands on: whatever the server's default is.
ALTER ROLE tocsin IN DATABASE tocsin SET synchronous_commit = on;

ALTER ROLE tocsin_reader IN DATABASE tocsin SET search_path = tocsin;
ALTER ROLE tocsin_reader IN DATABASE tocsin SET default_transaction_read_only = on;
-- A dashboard that asks too much is cut off before the writer feels it.
ALTER ROLE tocsin_reader IN DATABASE tocsin SET statement_timeout = '15s';
ALTER ROLE tocsin_reader IN DATABASE tocsin SET idle_in_transaction_session_timeout = '15s';
