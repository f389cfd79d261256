//! The way to the database.

use std::time::Duration;

use onepool_sdk::{OnepoolPool, OnepoolPoolOptions};
use sqlx::migrate::Migrator;

use super::error::ShopError;

/// What brings a database up to date.
static MIGRATOR: Migrator = sqlx::migrate!("porting/migrations");

/// A pool for the database at this URL.
pub async fn connect(url: &str) -> Result<OnepoolPool, ShopError> {
    let pool = OnepoolPoolOptions::new()
        .max_connections(8)
        .acquire_timeout(Duration::from_secs(10))
        .after_connect(|connection, _| {
            Box::pin(async move {
                sqlx::query("SET timezone = 'UTC'")
                    .execute(connection)
                    .await?;
                Ok(())
            })
        })
        .connect(url)
        .await?;
    Ok(pool)
}

/// Makes the tables, or brings them up to date.
pub async fn migrate(pool: &OnepoolPool) -> Result<(), ShopError> {
    MIGRATOR.run(pool).await?;
    Ok(())
}
