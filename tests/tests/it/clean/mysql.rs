//! What a MariaDB session can be left with, and where it shows.

/// Made before the first round, as the superuser.
pub(super) const STAGE: &[&str] = &[
    "CREATE TABLE kept (id INT AUTO_INCREMENT PRIMARY KEY, word TEXT)",
    "CREATE TABLE plain (id INT)",
    "INSERT INTO plain VALUES (1), (2), (3)",
    "CREATE PROCEDURE meddle() BEGIN SET SESSION sort_buffer_size = 65536; SET @u3 = 1; END",
    "CREATE PROCEDURE depart() BEGIN START TRANSACTION; END",
    "CREATE FUNCTION slyly() RETURNS INT BEGIN SET @u1 = 'sly'; RETURN 1; END",
];

/// Settings, which follow the connection that makes them.
pub(super) const SETTINGS: &[&str] = &[
    "SET {SESSION |LOCAL |@@session.|}sql_mode = {''|'ANSI'|'ANSI_QUOTES'|TRADITIONAL|DEFAULT}",
    "SET sql_mode = CONCAT(@@sql_mode, ',STRICT_ALL_TABLES')",
    "SET {SESSION |}time_zone = {'+02:00'|'-05:00'|DEFAULT|'SYSTEM'}",
    "SET NAMES {utf8mb4|utf8mb4 COLLATE utf8mb4_bin|utf8}",
    "SET collation_connection = {utf8mb4_bin|'utf8mb4_unicode_ci'|DEFAULT}",
    "SET SESSION TRANSACTION {ISOLATION LEVEL SERIALIZABLE|ISOLATION LEVEL READ COMMITTED|READ WRITE}",
    "SET SESSION TRANSACTION ISOLATION LEVEL READ UNCOMMITTED, READ WRITE",
    "SET SESSION tx_isolation = {'SERIALIZABLE'|'READ-COMMITTED'|DEFAULT}",
    "SET {max_statement_time|long_query_time} = {30|12.5|DEFAULT}",
    "SET SESSION group_concat_max_len = {4096|DEFAULT}",
    "SET SESSION {sort_buffer_size|join_buffer_size} = {65536|131072|DEFAULT}",
    "SET foreign_key_checks = {0|OFF|1|DEFAULT}",
    "SET unique_checks = {0|1}, sql_notes = {0|1}",
    "SET sql_select_limit = {1000|DEFAULT}",
    "SET optimizer_switch = '{mrr=on|index_merge=off|mrr=on,index_merge=off|default}'",
    "SET {tmp_table_size|tmp_memory_table_size} = {1048576|2097152|DEFAULT}",
    "SET {default_storage_engine|storage_engine} = {MyISAM|InnoDB|DEFAULT}",
    "SET {alter_algorithm|old_alter_table} = {COPY|INPLACE|DEFAULT}",
    "SET lc_time_names = {'de_DE'|DEFAULT}",
    "SET innodb_lock_wait_timeout = {7|DEFAULT}, lock_wait_timeout = {9|DEFAULT}",
    "SET old_mode = {''|'UTF8_IS_UTF8MB3'|DEFAULT}",
    "SET div_precision_increment = {2|8}",
    "SET SESSION auto_increment_increment = {2|1|DEFAULT}",
    "SET optimizer_trace = '{enabled=on|enabled=off}'",
    "SET system_versioning_asof = {'2020-01-01 00:00:00'|DEFAULT}",
    "SET default_regex_flags = '{DOTALL|MULTILINE|}'",
    "SET max_session_mem_used = {8388608|DEFAULT}",
    "SET sql_safe_updates = {1|0}",
];

/// Everything else that a session can be left with.
pub(super) const REST: &[&str] = &[
    "SET @u1 = {1|'x'}",
    "SET @u1 = 1, sql_notes = 0",
    "SET sort_buffer_size = 65536, sql_mode = 'nonsense'",
    "SELECT @u2 := {2|id} FROM plain{| WHERE id = (SELECT 1 UNION SELECT 2)}",
    "SELECT 1 INTO @u3",
    "SELECT id INTO @u3 FROM plain",
    "SELECT slyly()",
    "SET {timestamp = 1|rand_seed1 = 5|insert_id = 77|last_insert_id = 88|identity = 99}",
    "SET SESSION {wait_timeout = 1000|interactive_timeout = 99|sql_log_bin = 0|net_buffer_length = 2048}",
    "SET {character_set_results = NULL|character_set_client = latin1|character_set_connection = latin1}",
    "SET NAMES {latin1|DEFAULT}",
    "SET {CHARACTER SET|CHARSET} {utf8mb4|latin1|DEFAULT}",
    "SET profiling = 1",
    "SET TRANSACTION {READ ONLY|ISOLATION LEVEL SERIALIZABLE}",
    "SET STATEMENT max_statement_time = 5 FOR SELECT 1",
    "SET STATEMENT sort_buffer_size = 65536 FOR SELECT @u1 := 3",
    "SET {autocommit|@@autocommit|SESSION autocommit} = {0|1|OFF}",
    "SET autocommit = 0; INSERT INTO kept (word) VALUES ('a')",
    "SET ROLE {guest|NONE}",
    "SET DEFAULT ROLE NONE",
    "CREATE {OR REPLACE |}TEMPORARY TABLE {kept|mine} (a INT)",
    "CREATE TEMPORARY TABLE mine AS SELECT 1 AS a",
    "CREATE TEMPORARY SEQUENCE mine",
    "DROP TEMPORARY TABLE IF EXISTS mine",
    "SELECT GET_LOCK('{l1|l2}', 0){|, (SELECT 1 UNION SELECT 2)}",
    "DO GET_LOCK('l1', 0)",
    "SELECT RELEASE_ALL_LOCKS()",
    "LOCK TABLES {plain READ|kept WRITE}",
    "UNLOCK TABLES",
    "FLUSH TABLES plain WITH READ LOCK",
    "HANDLER plain {OPEN|OPEN AS h}",
    "PREPARE p1 FROM 'SELECT {1|?}'",
    "{EXECUTE p1|DEALLOCATE PREPARE p1|DROP PREPARE p1}",
    "EXECUTE IMMEDIATE 'SET @u1 = 4'",
    "{BEGIN|START TRANSACTION|START TRANSACTION READ ONLY|BEGIN WORK}",
    "START TRANSACTION WITH CONSISTENT SNAPSHOT",
    "BEGIN; INSERT INTO kept (word) VALUES ('b')",
    "BEGIN; SELECT nothing FROM nowhere",
    "BEGIN; SET sort_buffer_size = 65536; ROLLBACK",
    "SAVEPOINT s",
    "{COMMIT|ROLLBACK|ROLLBACK TO s}",
    "{COMMIT|ROLLBACK}; SELECT nothing FROM nowhere",
    "CALL {meddle|depart}()",
    "/*!50000 SET @u1 = 5 */",
    "/*M! SET SESSION sort_buffer_size = 65536 */",
    "BEGIN NOT ATOMIC SET @u1 = 6; SET SESSION sql_mode = ''; END",
    "IF 1 THEN SET @u2 = 7; END IF",
    "USE information_schema",
    "XA START 'x'",
    "INSERT INTO kept (word) VALUES ('a'){|, ('b')}",
    "INSERT INTO kept (id, word) VALUES (LAST_INSERT_ID(31), 'c') ON DUPLICATE KEY UPDATE word = 'd'",
    "INSERT INTO kept (id, word) VALUES (1, 'c') ON DUPLICATE KEY UPDATE id = LAST_INSERT_ID(id)",
    "SELECT SQL_CALC_FOUND_ROWS id FROM plain LIMIT 1",
    "SELECT CAST('secret' AS INT)",
    "SELECT {LAST_INSERT_ID()|FOUND_ROWS()|ROW_COUNT()}",
    "SHOW WARNINGS",
    "SELECT {id|*} FROM {kept|plain}",
    "SELECT nothing FROM nowhere",
    "SELECT 1",
];

/// Variables that change by themselves, belong to a connection, or echo what an earlier statement did:
/// these are asked for below.
macro_rules! settled {
    ($what:literal) => {
        concat!(
            $what,
            " FROM information_schema.SESSION_VARIABLES WHERE VARIABLE_NAME NOT IN (\
             'TIMESTAMP', 'PSEUDO_THREAD_ID', 'RAND_SEED1', 'RAND_SEED2', 'WARNING_COUNT', \
             'ERROR_COUNT', 'LAST_INSERT_ID', 'IDENTITY', 'LAST_GTID', 'GTID_CURRENT_POS', 'GTID_BINLOG_POS', \
             'INNODB_BUFFER_POOL_LOAD_INCREMENTAL')"
        )
    };
}

/// Everything of a session that shows, as one text.
pub(super) const READ: &str = concat!(
    "SELECT CONCAT_WS('\\n', CONCAT('settings ', (",
    settled!("SELECT MD5(GROUP_CONCAT(VARIABLE_NAME, '=', VARIABLE_VALUE ORDER BY VARIABLE_NAME))"),
    ")), CONCAT('autocommit ', @@autocommit), CONCAT('in a transaction ', @@in_transaction), \
     CONCAT('user ', CURRENT_USER()), CONCAT('role ', CURRENT_ROLE()), \
     CONCAT('database ', DATABASE()), CONCAT('has l1 ', IFNULL(IS_USED_LOCK('l1') = CONNECTION_ID(), 0)), \
     CONCAT('has l2 ', IFNULL(IS_USED_LOCK('l2') = CONNECTION_ID(), 0)), CONCAT('variables ', \
     IFNULL(@u1, '-'), IFNULL(@u2, '-'), IFNULL(@u3, '-')), \
     CONCAT('rows ', (SELECT COUNT(*) FROM plain), (SELECT COUNT(*) FROM kept WHERE 0)))"
);

/// What the settings are that the text above only sums up.
pub(super) const DETAILS: &str = concat!(
    settled!("SELECT CONCAT(VARIABLE_NAME, ' = ', VARIABLE_VALUE)"),
    " ORDER BY 1"
);

/// Questions about earlier statements. Whoever made none is told nothing.
pub(super) const ECHOES: &[&str] = &[
    "SELECT CAST(LAST_INSERT_ID() AS CHAR)",
    "SELECT CAST(@@identity AS CHAR)",
    "SHOW WARNINGS",
    "SELECT a FROM mine",
    "EXECUTE p1",
    "HANDLER plain READ FIRST",
];

/// What an echo may say to one who made none.
pub(super) const SILENCE: &[&str] = &["0"];
