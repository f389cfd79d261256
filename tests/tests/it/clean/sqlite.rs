//! What a SQLite connection can be left with, and where it shows.

/// Made before the first round.
pub(super) const STAGE: &str = "
    CREATE TABLE kept (id INTEGER PRIMARY KEY, word TEXT);
    CREATE TABLE plain (id INT);
    INSERT INTO plain VALUES (1), (2), (3);";

/// Settings, which follow the connection that makes them.
pub(super) const SETTINGS: &[&str] = &[
    "PRAGMA {main.|}cache_size {= -4000|= 50|(-1000)}",
    "PRAGMA foreign_keys = {0|1|ON|off|'no'}",
    "PRAGMA busy_timeout = {100|7000}",
    "PRAGMA synchronous = {0|OFF|NORMAL|FULL|2}",
    "PRAGMA temp_store = {MEMORY|0|FILE}",
    "PRAGMA case_sensitive_like = {1|0|ON}",
    "PRAGMA recursive_triggers({1|0})",
    "PRAGMA query_only = {1|0}",
    "PRAGMA {cache_spill|automatic_index|read_uncommitted} = {0|1}",
    "PRAGMA secure_delete = {0|1|fast}",
    "PRAGMA {ignore_check_constraints|legacy_alter_table|reverse_unordered_selects} = {1|0}",
    "PRAGMA {full_column_names|short_column_names|cell_size_check|checkpoint_fullfsync} = {1|0}",
    "PRAGMA mmap_size = {1048576|0}",
    "PRAGMA {main.|}journal_size_limit = {1000000|-1}",
    "PRAGMA {analysis_limit|threads} = {3|2}",
    "PRAGMA trusted_schema = {0|1}",
];

/// Everything else that a connection can be left with.
pub(super) const REST: &[&str] = &[
    "PRAGMA {writable_schema|defer_foreign_keys} = {1|0}",
    "PRAGMA {soft_heap_limit|hard_heap_limit} = 100000000",
    "PRAGMA wal_autocheckpoint = 3",
    "PRAGMA locking_mode = EXCLUSIVE",
    "PRAGMA journal_mode = {WAL|DELETE|MEMORY}",
    "PRAGMA count_changes = 1",
    "PRAGMA empty_result_callbacks = 1",
    "PRAGMA \"cache_size\" = 60",
    "PRAGMA temp.cache_size = 70",
    "PRAGMA user_version = {1|2}",
    "PRAGMA optimize",
    "PRAGMA incremental_vacuum",
    "PRAGMA wal_checkpoint({PASSIVE|TRUNCATE})",
    "EXPLAIN PRAGMA cache_size = 80",
    "SELECT * FROM pragma_busy_timeout{| WHERE timeout = 5|(5)}",
    "ATTACH '{|:memory:}' AS side",
    "DETACH side",
    "CREATE TEMP TABLE {kept|mine} (a)",
    "CREATE TABLE temp.mine (a)",
    "CREATE TABLE temp . \"kept\" AS SELECT 1",
    "CREATE TEMPORARY VIEW plain AS SELECT 9 AS id",
    "CREATE TEMP TRIGGER t AFTER INSERT ON kept BEGIN DELETE FROM plain; END",
    "CREATE VIRTUAL TABLE temp.words USING fts5(word)",
    "DROP TABLE IF EXISTS temp.mine",
    "BEGIN {|DEFERRED|IMMEDIATE|EXCLUSIVE}",
    "BEGIN; INSERT INTO kept (word) VALUES ('b')",
    "BEGIN; SELECT nothing FROM nowhere",
    "BEGIN; PRAGMA cache_size = 90; ROLLBACK",
    "SAVEPOINT s",
    "SAVEPOINT s; INSERT INTO kept (word) VALUES ('c'); SELECT nothing FROM nowhere",
    "RELEASE s",
    "ROLLBACK TO s",
    "{COMMIT|END|ROLLBACK}",
    "{COMMIT|ROLLBACK}; SELECT nothing FROM nowhere",
    "INSERT INTO kept (word) VALUES ('a'){| RETURNING id}",
    "DELETE FROM kept WHERE id % 2 = 0",
    "INSERT INTO kept (id) VALUES (1)",
    "INSERT OR {ROLLBACK|FAIL|ABORT} INTO kept (id) VALUES (1)",
    "SELECT {last_insert_rowid()|changes()|total_changes()}",
    "ANALYZE",
    "VACUUM",
    "SELECT {id|*} FROM {kept|plain}",
    "SELECT 1; PRAGMA cache_size = 95; SELECT nothing FROM nowhere",
    "SELECT nothing FROM nowhere",
    "SELECT 1",
];

/// Everything of a connection that shows, a row each.
pub(super) const READ: &str = "\
    SELECT 'analysis_limit ' || analysis_limit FROM pragma_analysis_limit UNION ALL \
    SELECT 'automatic_index ' || automatic_index FROM pragma_automatic_index UNION ALL \
    SELECT 'cache_size ' || cache_size FROM pragma_cache_size UNION ALL \
    SELECT 'cache_spill ' || cache_spill FROM pragma_cache_spill UNION ALL \
    SELECT 'cell_size_check ' || cell_size_check FROM pragma_cell_size_check UNION ALL \
    SELECT 'checkpoint_fullfsync ' || checkpoint_fullfsync FROM pragma_checkpoint_fullfsync UNION ALL \
    SELECT 'foreign_keys ' || foreign_keys FROM pragma_foreign_keys UNION ALL \
    SELECT 'full_column_names ' || full_column_names FROM pragma_full_column_names UNION ALL \
    SELECT 'fullfsync ' || fullfsync FROM pragma_fullfsync UNION ALL \
    SELECT 'ignore_check_constraints ' || ignore_check_constraints FROM pragma_ignore_check_constraints UNION ALL \
    SELECT 'journal_size_limit ' || journal_size_limit FROM pragma_journal_size_limit UNION ALL \
    SELECT 'legacy_alter_table ' || legacy_alter_table FROM pragma_legacy_alter_table UNION ALL \
    SELECT 'query_only ' || query_only FROM pragma_query_only UNION ALL \
    SELECT 'read_uncommitted ' || read_uncommitted FROM pragma_read_uncommitted UNION ALL \
    SELECT 'recursive_triggers ' || recursive_triggers FROM pragma_recursive_triggers UNION ALL \
    SELECT 'reverse_unordered_selects ' || reverse_unordered_selects FROM pragma_reverse_unordered_selects UNION ALL \
    SELECT 'secure_delete ' || secure_delete FROM pragma_secure_delete UNION ALL \
    SELECT 'short_column_names ' || short_column_names FROM pragma_short_column_names UNION ALL \
    SELECT 'synchronous ' || synchronous FROM pragma_synchronous UNION ALL \
    SELECT 'temp_store ' || temp_store FROM pragma_temp_store UNION ALL \
    SELECT 'threads ' || threads FROM pragma_threads UNION ALL \
    SELECT 'trusted_schema ' || trusted_schema FROM pragma_trusted_schema UNION ALL \
    SELECT 'writable_schema ' || writable_schema FROM pragma_writable_schema UNION ALL \
    SELECT 'locking_mode ' || locking_mode FROM pragma_locking_mode UNION ALL \
    SELECT 'journal_mode ' || journal_mode FROM pragma_journal_mode UNION ALL \
    SELECT 'soft_heap_limit ' || soft_heap_limit FROM pragma_soft_heap_limit UNION ALL \
    SELECT 'hard_heap_limit ' || hard_heap_limit FROM pragma_hard_heap_limit UNION ALL \
    SELECT 'busy_timeout ' || timeout FROM pragma_busy_timeout UNION ALL \
    SELECT 'like ' || ('a' LIKE 'A') UNION ALL \
    SELECT 'databases ' || group_concat(name) FROM pragma_database_list WHERE name <> 'temp' UNION ALL \
    SELECT 'temporary ' || ifnull(group_concat(name), '') FROM sqlite_temp_master";

/// Questions about earlier statements. Whoever made none is told nothing.
pub(super) const ECHOES: &[&str] = &[
    "SELECT CAST(last_insert_rowid() AS TEXT)",
    "SELECT CAST(changes() AS TEXT)",
    "SELECT CAST(total_changes() AS TEXT)",
];

/// What an echo may say to one who made none.
pub(super) const SILENCE: &[&str] = &["0"];
