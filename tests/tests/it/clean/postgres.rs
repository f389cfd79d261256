//! What a PostgreSQL session can be left with, and where it shows.

/// Made before the first round, as the superuser.
pub(super) const STAGE: &str = "
    CREATE SCHEMA IF NOT EXISTS side;
    CREATE TABLE kept (id serial PRIMARY KEY, word text);
    CREATE TABLE plain (id int);
    INSERT INTO plain VALUES (1), (2), (3);
    CREATE SEQUENCE counter;
    CREATE FUNCTION meddle() RETURNS int LANGUAGE plpgsql AS $$ BEGIN
        PERFORM set_config('work_mem', '123kB', false);
        PERFORM pg_advisory_lock(77);
        CREATE TEMP TABLE meddled (a int);
        RETURN 1;
    END $$;
    CREATE PROCEDURE proceed() LANGUAGE plpgsql AS $$ BEGIN
        SET timezone = 'Asia/Tokyo';
        COMMIT;
    END $$;
    GRANT ALL ON SCHEMA side, public TO PUBLIC;
    GRANT ALL ON ALL TABLES IN SCHEMA public TO PUBLIC;
    GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO PUBLIC;";

/// Settings, which follow the connection that makes them.
pub(super) const SETTINGS: &[&str] = &[
    "SET {SESSION |LOCAL |}work_mem = '{128|512}kB'",
    "SET work_mem TO DEFAULT",
    "SET {SESSION |LOCAL |}search_path = {side|public, side|\"$user\"|DEFAULT}",
    "SET SCHEMA 'side'",
    "SET {LOCAL |}TIME ZONE {'Asia/Tokyo'|'UTC'|LOCAL|DEFAULT|-5}",
    "SET timezone TO {'Europe/Paris'|DEFAULT}",
    "SET {SESSION |LOCAL |}DateStyle = {ISO, DMY|'German'|SQL}",
    "SET extra_float_digits = {0|-3|3}",
    "SET NAMES 'UTF8'",
    "SET client_encoding = {'UTF8'|DEFAULT}",
    "SET statement_timeout = {0|'30s'|45000}",
    "SET lock_timeout = {'30s'|45000}",
    "SET bytea_output = {escape|hex}",
    "SET intervalstyle = {iso_8601|postgres}",
    "SET default_transaction_isolation = {serializable|'repeatable read'|DEFAULT}",
    "SET default_transaction_read_only = {on|off}",
    "SET {LOCAL |}row_security = off",
    "SET application_name = {'one'|'two'|DEFAULT}",
    "SET enable_seqscan = {on|off}",
    "SET synchronous_commit = {on|off|local}",
    "SET {LOCAL |}\"work_mem\" = 256",
    "SELECT set_config('work_mem', '{64|96}kB', {false|true})",
    "SELECT set_config('search_path', 'side', {false|true}), set_config('timezone', 'UTC', false)",
    "RESET {work_mem|ALL|search_path|timezone|role|application_name|statement_timeout}",
    "SET {LOCAL |}ROLE {guest|NONE|DEFAULT}",
];

/// Everything else that a session can be left with.
pub(super) const REST: &[&str] = &[
    "SELECT set_config('app.user', 'somebody', {false|true})",
    "SET app.user = 'somebody'",
    "SELECT set_config('{work_mem|timezone}', {'64kB'|'UTC'} || '', {false|true})",
    "SELECT set_config('work_mem', '64kB', false), 1 / 0",
    "UPDATE pg_settings SET setting = 321 WHERE name = 'work_mem'",
    "SET SESSION CHARACTERISTICS AS TRANSACTION {ISOLATION LEVEL SERIALIZABLE|READ ONLY}",
    "SET SESSION AUTHORIZATION {guest|DEFAULT}",
    "SET {NAMES|client_encoding TO} 'LATIN1'",
    "SET log_statement_stats = on",
    "SET session_replication_role = replica",
    "SET {LOCAL |}standard_conforming_strings = {on|off}",
    "CREATE TEMP TABLE {kept|mine} (a int)",
    "CREATE TEMP TABLE mine ON COMMIT {DROP|DELETE ROWS} AS SELECT 1 AS a",
    "CREATE {LOCAL |GLOBAL |}TEMPORARY VIEW kept AS SELECT 1 AS id",
    "CREATE TEMP SEQUENCE counter",
    "CREATE TABLE pg_temp.plain (a int)",
    "CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE TYPE pg_temp.pair AS (a int, b int)",
    "SELECT 1 AS a INTO {TEMP mine|TEMPORARY TABLE mine|pg_temp.mine}",
    "SELECT pg_advisory_lock({1|2}){|, 1 / 0}",
    "SELECT pg_advisory_lock_shared({1|2})",
    "SELECT pg_try_advisory_lock({1|2}, 3), 1 / (id - 2) FROM plain",
    "SELECT pg_try_advisory_lock(id) FROM plain",
    "SELECT pg_advisory_xact_lock(5)",
    "SELECT pg_advisory_unlock_all()",
    "WITH a AS MATERIALIZED (SELECT pg_advisory_lock(4)) SELECT * FROM a",
    "PREPARE p1 AS SELECT {1|$1::int}",
    "PREPARE p2 (int) AS INSERT INTO kept (word) VALUES ($1)",
    "EXECUTE p1",
    "DEALLOCATE {p1|p2|ALL}",
    "DECLARE c1 {SCROLL |}CURSOR {|WITH HOLD |WITHOUT HOLD }FOR SELECT * FROM plain",
    "BEGIN; DECLARE c2 CURSOR WITH HOLD FOR SELECT id FROM plain; FETCH 1 FROM c2; COMMIT",
    "FETCH 1 FROM c1",
    "{BEGIN|START TRANSACTION} {|READ ONLY|ISOLATION LEVEL SERIALIZABLE}",
    "BEGIN; SELECT 1 / 0",
    "BEGIN; SET work_mem = '777kB'",
    "BEGIN; SET work_mem = '778kB'; COMMIT",
    "BEGIN; SET work_mem = '779kB'; ROLLBACK",
    "BEGIN; SAVEPOINT s; SET work_mem = '780kB'; ROLLBACK TO s; COMMIT",
    "SET work_mem = '781kB'; BEGIN; SAVEPOINT s; RESET work_mem; ROLLBACK TO s; COMMIT",
    "SAVEPOINT s",
    "ROLLBACK TO s",
    "{COMMIT|END|ROLLBACK|ABORT}",
    "{COMMIT|ROLLBACK}; SELECT 1 / 0",
    "LOCK TABLE plain IN ACCESS SHARE MODE",
    "LISTEN news",
    "DO $$ BEGIN EXECUTE 'LISTEN news'; END $$",
    "DO $$ BEGIN PERFORM set_config('work_mem', '99kB', false); END $$",
    "DO $$ BEGIN SET ROLE guest; CREATE TEMP TABLE mine (a int); END $$",
    "CALL proceed()",
    "SELECT meddle(){|, 1 / 0}",
    "NOTIFY news",
    "SELECT nextval('counter')",
    "SELECT currval('counter'), lastval()",
    "INSERT INTO kept (word) VALUES ('a'){| RETURNING id}",
    "DISCARD {PLANS|TEMP|SEQUENCES|ALL}",
    "SET CONSTRAINTS ALL DEFERRED",
    "SET TRANSACTION {READ ONLY|ISOLATION LEVEL SERIALIZABLE}",
    "PREPARE TRANSACTION 'x'",
    "EXPLAIN {ANALYZE |}SELECT pg_advisory_lock(6)",
    "EXPLAIN ANALYZE EXECUTE p1",
    "CREATE TABLE IF NOT EXISTS side.made AS SELECT pg_advisory_lock(7)",
    "COPY plain TO STDOUT",
    "SELECT 1; SELECT pg_advisory_lock(8); SET work_mem = '444kB'",
    "SELECT {id|*} FROM {kept|plain}",
    "SELECT 1 / 0",
    "SELECT 1",
];

/// Everything of a session that shows, as one text. (Of the settings of applications an empty one
/// stays after it was unset, which nothing but the session's end can change.)
pub(super) const READ: &str = "SELECT concat_ws(E'\\n', \
    'settings ' || md5((SELECT string_agg(name || '=' || setting, ' ' ORDER BY name) FROM pg_settings \
                       WHERE name NOT LIKE 'plpgsql.%')), \
    'user ' || current_user, 'session ' || session_user, 'role ' || current_setting('role'), \
    'app ' || coalesce(current_setting('app.user', true), ''), \
    'path ' || coalesce(current_schema(), 'none'), \
    'locks ' || (SELECT string_agg(mode || objid, ' ') FROM pg_locks \
                 WHERE pid = pg_backend_pid() AND locktype = 'advisory'), \
    'prepared ' || (SELECT string_agg(name, ' ') FROM pg_prepared_statements WHERE from_sql), \
    'cursors ' || (SELECT string_agg(name, ' ') FROM pg_cursors WHERE name LIKE 'c_'), \
    'temporary ' || (SELECT string_agg(relname, ' ') FROM pg_class \
                     WHERE relnamespace = pg_my_temp_schema()), \
    'functions ' || (SELECT string_agg(proname, ' ') FROM pg_proc \
                     WHERE pronamespace = pg_my_temp_schema()), \
    'listens ' || (SELECT string_agg(c, ' ') FROM pg_listening_channels() AS l (c)), \
    CASE WHEN now() <> statement_timestamp() THEN 'in a transaction' END)";

/// What the settings are that the text above only sums up.
pub(super) const DETAILS: &str = "SELECT name || ' = ' || setting FROM pg_settings \
    WHERE name NOT LIKE 'plpgsql.%' UNION ALL \
    SELECT 'role = ' || current_setting('role') ORDER BY 1";

/// Questions about earlier statements. Whoever made none is told nothing.
pub(super) const ECHOES: &[&str] = &[
    "SELECT lastval()::text",
    "SELECT currval('counter')::text",
    "SELECT currval('kept_id_seq')::text",
];

/// What an echo may say to one who made none.
pub(super) const SILENCE: &[&str] = &[];
