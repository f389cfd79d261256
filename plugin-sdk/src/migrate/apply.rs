//! Applying and reverting one migration.

use std::time::{Duration, Instant};

use onepool_proto::DatabaseKind;
use sqlx_core::connection::Connection;
use sqlx_core::executor::Executor;
use sqlx_core::migrate::{MigrateError, Migration};
use sqlx_core::query::query;

use super::sql;
use crate::OnepoolConnection;

/// Runs a migration and notes that it was applied, in one transaction where the database and the
/// migration allow that.
pub(super) async fn apply(
    connection: &mut OnepoolConnection,
    table: &str,
    migration: &Migration,
) -> Result<Duration, MigrateError> {
    let start = Instant::now();
    if connection.database() == DatabaseKind::MySql {
        apply_marked(connection, table, migration).await?;
    } else if migration.no_tx {
        run(connection, migration).await?;
        insert(connection, table, migration, true).await?;
    } else {
        let mut transaction = connection.begin().await?;
        run(&mut transaction, migration).await?;
        insert(&mut transaction, table, migration, true).await?;
        transaction.commit().await?;
    }
    // Known only now. If it is lost, nothing is lost: the migration counts as applied without it.
    let elapsed = start.elapsed();
    query(sql::set_execution_time(table))
        .bind(i64::try_from(elapsed.as_nanos()).unwrap_or(i64::MAX))
        .bind(migration.version)
        .execute(connection)
        .await?;
    Ok(elapsed)
}

/// MySQL commits at every change of a table, so a migration that fails half-way is left marked as
/// not successful.
async fn apply_marked(
    connection: &mut OnepoolConnection,
    table: &str,
    migration: &Migration,
) -> Result<(), MigrateError> {
    let mut transaction = connection.begin().await?;
    insert(&mut transaction, table, migration, false).await?;
    run(&mut transaction, migration).await?;
    mark(&mut transaction, table, migration, true).await?;
    Ok(transaction.commit().await?)
}

/// Runs the migration that undoes another, and forgets that one.
pub(super) async fn revert(
    connection: &mut OnepoolConnection,
    table: &str,
    migration: &Migration,
) -> Result<Duration, MigrateError> {
    let start = Instant::now();
    let is_mysql = connection.database() == DatabaseKind::MySql;
    if migration.no_tx && !is_mysql {
        run(connection, migration).await?;
        delete(connection, table, migration).await?;
    } else {
        let mut transaction = connection.begin().await?;
        if is_mysql {
            mark(&mut transaction, table, migration, false).await?;
        }
        run(&mut transaction, migration).await?;
        delete(&mut transaction, table, migration).await?;
        transaction.commit().await?;
    }
    Ok(start.elapsed())
}

async fn run(
    connection: &mut OnepoolConnection,
    migration: &Migration,
) -> Result<(), MigrateError> {
    match connection.execute(migration.sql.clone()).await {
        Ok(_) => Ok(()),
        Err(error) => Err(MigrateError::ExecuteMigration(error, migration.version)),
    }
}

pub(super) async fn insert(
    connection: &mut OnepoolConnection,
    table: &str,
    migration: &Migration,
    success: bool,
) -> Result<(), MigrateError> {
    query(sql::insert(table))
        .bind(migration.version)
        .bind(&*migration.description)
        .bind(success)
        .bind(&*migration.checksum)
        .execute(connection)
        .await?;
    Ok(())
}

async fn mark(
    connection: &mut OnepoolConnection,
    table: &str,
    migration: &Migration,
    success: bool,
) -> Result<(), MigrateError> {
    query(sql::set_success(table))
        .bind(success)
        .bind(migration.version)
        .execute(connection)
        .await?;
    Ok(())
}

async fn delete(
    connection: &mut OnepoolConnection,
    table: &str,
    migration: &Migration,
) -> Result<(), MigrateError> {
    query(sql::delete(table))
        .bind(migration.version)
        .execute(connection)
        .await?;
    Ok(())
}
