//! What sqlx's migrator asks of a Connection.

use std::time::Duration;

use futures_core::future::BoxFuture;
use onepool_proto::DatabaseKind;
use sqlx_core::executor::Executor;
use sqlx_core::migrate::{AppliedMigration, Migrate, MigrateError, Migration};
use sqlx_core::query_as::query_as;

use super::{apply, sql};
use crate::OnepoolConnection;

impl OnepoolConnection {
    async fn create_migrations_table(&mut self, table: &str) -> Result<(), MigrateError> {
        let create = sql::create_table(self.database(), table);
        Executor::execute(self, create).await?;
        Ok(())
    }

    async fn find_dirty_version(&mut self, table: &str) -> Result<Option<i64>, MigrateError> {
        let row: Option<(i64,)> = query_as(sql::dirty_version(table))
            .fetch_optional(self)
            .await?;
        Ok(row.map(|(version,)| version))
    }

    async fn find_applied(&mut self, table: &str) -> Result<Vec<AppliedMigration>, MigrateError> {
        let rows: Vec<(i64, Vec<u8>)> = query_as(sql::applied(table)).fetch_all(self).await?;
        let applied = |(version, checksum): (i64, Vec<u8>)| AppliedMigration {
            version,
            checksum: checksum.into(),
        };
        Ok(rows.into_iter().map(applied).collect())
    }

    async fn create_schema(&mut self, schema: &str) -> Result<(), MigrateError> {
        if self.database() == DatabaseKind::Sqlite {
            return Err(MigrateError::CreateSchemasNotSupported(format!(
                "SQLite has no schema {schema} unless a file is attached under that name"
            )));
        }
        Executor::execute(self, sql::create_schema(schema)).await?;
        Ok(())
    }
}

impl Migrate for OnepoolConnection {
    fn create_schema_if_not_exists<'e>(
        &'e mut self,
        schema_name: &'e str,
    ) -> BoxFuture<'e, Result<(), MigrateError>> {
        Box::pin(async move {
            let result = self.create_schema(schema_name).await;
            self.or_unlock(result).await
        })
    }

    fn ensure_migrations_table<'e>(
        &'e mut self,
        table_name: &'e str,
    ) -> BoxFuture<'e, Result<(), MigrateError>> {
        Box::pin(async move {
            let table = self.migrations_table(table_name);
            let result = self.create_migrations_table(&table).await;
            self.or_unlock(result).await
        })
    }

    fn dirty_version<'e>(
        &'e mut self,
        table_name: &'e str,
    ) -> BoxFuture<'e, Result<Option<i64>, MigrateError>> {
        Box::pin(async move {
            let table = self.migrations_table(table_name);
            let result = self.find_dirty_version(&table).await;
            if let Ok(Some(_)) = result {
                // The migrator stops here too.
                self.stop_migrating().await;
            }
            self.or_unlock(result).await
        })
    }

    fn list_applied_migrations<'e>(
        &'e mut self,
        table_name: &'e str,
    ) -> BoxFuture<'e, Result<Vec<AppliedMigration>, MigrateError>> {
        Box::pin(async move {
            let table = self.migrations_table(table_name);
            let result = self.find_applied(&table).await;
            self.or_unlock(result).await
        })
    }

    fn lock(&mut self) -> BoxFuture<'_, Result<(), MigrateError>> {
        Box::pin(async move { Ok(self.take_migration_lock().await?) })
    }

    fn unlock(&mut self) -> BoxFuture<'_, Result<(), MigrateError>> {
        Box::pin(async move { Ok(self.give_migration_lock_back().await?) })
    }

    fn apply<'e>(
        &'e mut self,
        table_name: &'e str,
        migration: &'e Migration,
    ) -> BoxFuture<'e, Result<Duration, MigrateError>> {
        Box::pin(async move {
            let table = self.migrations_table(table_name);
            let result = apply::apply(self, &table, migration).await;
            self.or_unlock(result).await
        })
    }

    fn revert<'e>(
        &'e mut self,
        table_name: &'e str,
        migration: &'e Migration,
    ) -> BoxFuture<'e, Result<Duration, MigrateError>> {
        Box::pin(async move {
            let table = self.migrations_table(table_name);
            let result = apply::revert(self, &table, migration).await;
            self.or_unlock(result).await
        })
    }

    fn skip<'e>(
        &'e mut self,
        table_name: &'e str,
        migration: &'e Migration,
    ) -> BoxFuture<'e, Result<(), MigrateError>> {
        Box::pin(async move {
            let table = self.migrations_table(table_name);
            let result = apply::insert(self, &table, migration, true).await;
            self.or_unlock(result).await
        })
    }
}
