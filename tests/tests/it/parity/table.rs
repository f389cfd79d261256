//! Which scenario runs on which database.

use super::{mysql, onepool, postgres, runner, sqlite};

macro_rules! scenarios {
    ($($module:ident { $($name:ident: $($database:ident)*;)* })*) => {$(
        mod $module {$(
            mod $name {
                $(scenarios! { @$database $module $name })*
            }
        )*}
    )*};
    (@all $module:ident $name:ident) => {
        scenarios! { @sqlite $module $name }
        scenarios! { @postgres $module $name }
        scenarios! { @mariadb $module $name }
    };
    (@sqlite $module:ident $name:ident) => {
        scenarios! { @test on_sqlite sqlite $module $name }
    };
    (@postgres $module:ident $name:ident) => {
        scenarios! { @test on_postgres postgres $module $name }
    };
    (@mariadb $module:ident $name:ident) => {
        scenarios! { @test on_mariadb mysql $module $name }
    };
    (@test $on:ident $direct:ident $module:ident $name:ident) => {
        #[tokio::test]
        async fn $on() {
            use super::super::{$direct as direct, onepool as ours, runner};
            runner::$on(direct::$module::$name, ours::$module::$name).await;
        }
    };
}

scenarios! {
    transactions {
        commit_and_roll_back: all;
        are_empty: all;
        nest: all;
        nest_deeply: all;
        fail: all;
        fail_inside_and_go_on_outside: all;
        are_dropped: all;
        are_dropped_in_disorder: all;
        begin_with_a_statement: all;
        begin_with_what_begins_nothing: all;
        are_of_no_use_to_writers_when_read_only: all;
        are_written_as_text: all;
        change_the_schema: all;
        run_a_closure: all;
        do_not_see_each_other: all;
    }
    errors {
        of_constraints: all;
        of_statements: all;
        of_values: all;
        of_rows: all;
        of_wrong_decodes: all;
        of_argument_counts: all;
        of_the_pool: all;
    }
    statements {
        fetch: all;
        have_columns: all;
        are_prepared: all;
        are_described: all;
        come_with_their_summaries: all;
        say_what_they_did: all;
        fail_one_of_many: all;
        are_hardly_there: all;
        are_built: all;
        are_run_without_being_kept: all;
        are_wide: all;
        are_long: all;
        are_shared: all;
    }
    streams {
        are_read_to_the_end: all;
        are_dropped_half_way: all;
        are_dropped_inside_a_transaction: all;
        of_writers_are_dropped: all;
        fail_half_way: all;
        run_side_by_side: all;
        from_a_pool_are_dropped: all;
    }
    connections {
        live_and_die: all;
        are_set_up_by_hooks: all;
        keep_their_settings: all;
        keep_their_state: all;
        remember_what_they_inserted: all;
    }
    concurrency {
        single_statements: all;
        transactions: all;
        changing_tables: all;
    }
    batches {
        outside_transactions: all;
        inside_transactions: all;
        of_many_sets: all;
    }
    migrations {
        are_applied_once: all;
        are_found_out_when_edited: all;
        fail: all;
        are_undone: all;
    }
    numbers {
        integers: all;
        floats: all;
        conversions: all;
    }
    texts {
        texts: all;
        bytes: all;
        large_ones: all;
        large_literals: all;
        uuids: all;
        documents: all;
    }
    dates {
        of_chrono: all;
        of_time: all;
    }
    of_servers {
        locks_that_are_not_waited_for: postgres mariadb;
        settings_that_are_bound: postgres mariadb;
    }
    of_sqlite {
        small_integers: sqlite;
        uuids_as_text: sqlite;
        dates_with_an_offset: sqlite;
        conversions: sqlite;
    }
    of_mysql {
        unsigned: mariadb;
        uuids_as_text: mariadb;
        decimals: mariadb;
        conversions: mariadb;
        modes_of_the_next_transaction: mariadb;
    }
    of_postgres {
        serialization_failures: postgres;
        intervals: postgres;
        decimals: postgres;
        dates: postgres;
        special_dates: postgres;
        arrays: postgres;
        ranges: postgres;
        arrays_of_ranges: postgres;
        enums_and_domains: postgres;
        networks: postgres;
        rows_without_columns: postgres;
        texts_of_all_kinds: postgres;
        conversions: postgres;
        errors: postgres;
    }
}
