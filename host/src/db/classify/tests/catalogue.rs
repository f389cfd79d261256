//! The lists of functions held against the catalogues of the servers.
//!
//! What is listed must exist, or a user could make a function of that name and have it trusted; and
//! it must leave nothing behind, by what the catalogue says of it or by what happens when it is
//! called.

use super::super::lists;
use crate::db::{Driver, Source};

/// Functions that PostgreSQL calls volatile, which is what it calls those that may answer otherwise
/// the next time, too. None of these changes anything.
const VOLATILE_AND_HARMLESS: &[(&str, &str)] = &[
    (
        "clock_timestamp timeofday",
        "they tell the time, which passes",
    ),
    (
        "random gen_random_uuid",
        "of their state nothing shows; setseed is not on the list",
    ),
    ("pg_sleep pg_sleep_for pg_sleep_until", "they wait"),
    ("bernoulli system", "they sample rows"),
    (
        "current_query",
        "it tells the text that is running, its caller's own",
    ),
    (
        "pg_database_size pg_indexes_size pg_relation_size pg_table_size pg_tablespace_size \
         pg_total_relation_size",
        "they look at the files, which grow",
    ),
    (
        "pg_collation_actual_version pg_database_collation_actual_version pg_control_checkpoint \
         pg_control_init pg_control_recovery pg_control_system pg_jit_available",
        "they ask the system",
    ),
    (
        "pg_blocking_pids pg_safe_snapshot_blocking_pids pg_lock_status pg_prepared_xact \
         pg_notification_queue_usage pg_stat_have_stats",
        "they look at what all sessions do",
    ),
    (
        "pg_current_wal_flush_lsn pg_current_wal_insert_lsn pg_current_wal_lsn \
         pg_is_in_recovery pg_last_wal_receive_lsn pg_last_wal_replay_lsn \
         pg_last_xact_replay_timestamp",
        "they look at the log, which goes on",
    ),
    (
        "pg_last_committed_xact pg_xact_commit_timestamp pg_xact_status txid_status",
        "they look at transactions, which end",
    ),
    (
        "pg_partition_ancestors pg_partition_tree pg_sequence_last_value",
        "they look at relations, which others change",
    ),
    (
        "pg_stat_get_xact_blocks_fetched pg_stat_get_xact_blocks_hit \
         pg_stat_get_xact_function_calls pg_stat_get_xact_function_self_time \
         pg_stat_get_xact_function_total_time pg_stat_get_xact_numscans \
         pg_stat_get_xact_tuples_deleted pg_stat_get_xact_tuples_fetched \
         pg_stat_get_xact_tuples_hot_updated pg_stat_get_xact_tuples_inserted \
         pg_stat_get_xact_tuples_returned pg_stat_get_xact_tuples_updated",
        "they tell what the open transaction has done",
    ),
];

/// Functions with an effect of their own, in `functions.rs`.
const SPECIAL_OF_POSTGRES: &str = "set_config currval lastval pg_advisory_lock \
    pg_advisory_lock_shared pg_try_advisory_lock pg_try_advisory_lock_shared pg_advisory_unlock \
    pg_advisory_unlock_shared pg_advisory_unlock_all nextval setval pg_notify \
    pg_logical_emit_message pg_current_xact_id txid_current pg_advisory_xact_lock \
    pg_advisory_xact_lock_shared pg_try_advisory_xact_lock pg_try_advisory_xact_lock_shared \
    lo_close lo_creat lo_create lo_from_bytea lo_get lo_lseek lo_lseek64 lo_open lo_put lo_tell \
    lo_tell64 lo_truncate lo_truncate64 lo_unlink loread lowrite";

async fn open(url: &str) -> Driver {
    Source::parse(url).unwrap().connect().await.unwrap()
}

async fn names(driver: &mut Driver, sql: &str) -> Vec<String> {
    let rows = driver.query(sql).await.unwrap();
    let mut names: Vec<_> = rows.into_iter().flatten().flatten().collect();
    names.sort();
    names
}

#[tokio::test]
async fn postgres_knows_what_is_listed_and_calls_it_harmless() {
    let database = onepool_tests::postgres().await.database(2).await;
    let mut driver = open(&database.url).await;
    let builtin = "FROM pg_catalog.pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace";
    let all = names(&mut driver, &format!("SELECT DISTINCT proname {builtin}")).await;
    let listed = lists::POSTGRES_FUNCTIONS.iter().copied();
    let unknown: Vec<_> = listed
        .chain(SPECIAL_OF_POSTGRES.split_whitespace())
        .filter(|name| all.binary_search(&(*name).to_owned()).is_err())
        .collect();
    assert!(unknown.is_empty(), "not built in: {unknown:?}");

    let volatile = format!("SELECT DISTINCT proname {builtin} AND provolatile = 'v'");
    let mut volatile = names(&mut driver, &volatile).await;
    volatile.retain(|name| lists::POSTGRES_FUNCTIONS.contains(name.as_str()));
    let mut known: Vec<_> = VOLATILE_AND_HARMLESS
        .iter()
        .flat_map(|(names, _)| names.split_whitespace())
        .collect();
    known.sort_unstable();
    assert_eq!(volatile, known);
    driver.close().await;
}

/// Functions on the list that MariaDB 10.11 has not: those of MySQL 8.
const OF_MYSQL_ALONE: &str = "any_value bin_to_uuid format_bytes format_pico_time grouping gtid_subset gtid_subtract \
    icu_version is_uuid json_schema_valid json_schema_validation_report json_storage_free \
    json_storage_size mbrcoveredby mbrcovers ps_current_thread_id ps_thread_id regexp_like \
    roles_graphml st_collect st_geohash st_isvalid st_latfromgeohash st_latitude \
    st_longfromgeohash st_longitude st_makeenvelope st_pointfromgeohash st_simplify \
    st_swapxy st_transform st_validate statement_digest statement_digest_text uuid_to_bin \
    validate_password_strength wait_for_executed_gtid_set";

/// Functions that wait for what will not come.
const WAITING: [&str; 5] = [
    "benchmark",
    "master_gtid_wait",
    "master_pos_wait",
    "sleep",
    "wait_for_executed_gtid_set",
];

/// Each is called in many ways, most of which fail; nothing of that may show afterwards.
#[tokio::test]
async fn mariadb_knows_what_is_listed_and_nothing_stays_behind_a_call() {
    const UNKNOWN: [Option<u16>; 2] = [Some(1305), Some(1630)];
    let database = onepool_tests::mariadb().await.database(2).await;
    let mut driver = open(&database.url).await;
    let settled = "SELECT CONCAT(VARIABLE_NAME, VARIABLE_VALUE) \
                   FROM information_schema.SESSION_VARIABLES WHERE VARIABLE_NAME NOT IN \
                   ('TIMESTAMP', 'RAND_SEED1', 'RAND_SEED2', 'WARNING_COUNT', 'ERROR_COUNT')";
    let fresh = names(&mut driver, settled).await;
    let mut unknown = Vec::new();
    let mut listed: Vec<_> = lists::MYSQL_FUNCTIONS.iter().copied().collect();
    listed.sort_unstable();
    for name in listed {
        let mut known = false;
        for arguments in ["", "'1'", "1, 1", "'a', '1'", "1, 1, 1", "'a', 'b', 1, 1"] {
            let call = match (name, arguments) {
                // For ever, that is, or longer than anybody waits.
                _ if WAITING.contains(&name) && !arguments.is_empty() => continue,
                ("current_user", "") => "SELECT current_user()".to_owned(),
                _ => format!("SELECT {name}({arguments})"),
            };
            let error = driver.query(&call).await.err();
            let number = error.and_then(|error| error.database?.number);
            known |= !UNKNOWN.contains(&number);
        }
        if !known {
            unknown.push(name);
        }
        let left = "SELECT CONCAT_WS(' ', RELEASE_ALL_LOCKS(), LAST_INSERT_ID(), @@in_transaction, \
                    DATABASE())";
        let left = names(&mut driver, left).await;
        assert_eq!(left, [format!("0 0 0 {}", database.name)], "{name}");
    }
    assert_eq!(names(&mut driver, settled).await, fresh);
    assert_eq!(
        unknown,
        OF_MYSQL_ALONE.split_whitespace().collect::<Vec<_>>()
    );
    driver.close().await;
}

/// Functions on the list that the SQLite we build has not: of optional extensions, of its shell and of
/// other releases. No statement can make a function there, so that these cannot be others.
const NOT_IN_THIS_SQLITE: &str = "acos acosh asin asinh atan atan2 atanh ceil ceiling cos cosh degrees exp floor \
    geopoly_area geopoly_bbox geopoly_blob geopoly_contains_point geopoly_group_bbox \
    geopoly_json geopoly_overlap geopoly_regular geopoly_svg geopoly_within geopoly_xform \
    json_array_insert jsonb_array_insert ln log log10 log2 median mod \
    percentile percentile_cont percentile_disc pi pow power radians regexp sin sinh sqrt tan \
    tanh trunc";

/// Functions on the list that SQLite's flags do not vouch for.
const UNFLAGGED_AND_HARMLESS: &[(&str, &str)] = &[
    (
        "bm25 highlight match matchinfo offsets snippet",
        "they look at the row of a full-text search; outside of one they fail",
    ),
    (
        "rtreecheck rtreedepth rtreenode",
        "they look at a table, or at their argument",
    ),
];

#[tokio::test]
async fn sqlite_knows_what_is_listed_and_calls_it_harmless() {
    let file = onepool_tests::sqlite();
    let mut driver = open(&file.url).await;
    let all = names(&mut driver, "SELECT name FROM pragma_function_list").await;
    let mut missing = Vec::new();
    for name in lists::SQLITE_FUNCTIONS.iter().copied() {
        let rows = format!("SELECT 1 FROM {name} LIMIT 0");
        let known = all.binary_search(&name.to_owned()).is_ok();
        if !known && driver.query(&rows).await.is_err() {
            missing.push(name);
        }
    }
    missing.sort_unstable();
    assert_eq!(
        missing,
        NOT_IN_THIS_SQLITE.split_whitespace().collect::<Vec<_>>()
    );

    // Deterministic, or fit to be called from a schema that nobody trusts.
    let unflagged = "SELECT DISTINCT name FROM pragma_function_list \
                     WHERE flags & 0x200800 = 0 OR flags & 0x80000 <> 0";
    let mut unflagged = names(&mut driver, unflagged).await;
    unflagged.retain(|name| lists::SQLITE_FUNCTIONS.contains(name.as_str()));
    let mut known: Vec<_> = UNFLAGGED_AND_HARMLESS
        .iter()
        .flat_map(|(names, _)| names.split_whitespace())
        .collect();
    known.sort_unstable();
    assert_eq!(unflagged, known);
    driver.close().await;
}
