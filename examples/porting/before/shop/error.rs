//! What can go wrong in the shop.

use sqlx::error::ErrorKind;
use sqlx::migrate::MigrateError;
use sqlx::postgres::PgDatabaseError;

/// Why the shop could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum ShopError {
    #[error("somebody has registered with this address already")]
    EmailTaken,
    #[error("nobody is registered under this number")]
    UnknownCustomer,
    #[error("there is not enough of product {0} in stock")]
    OutOfStock(i64),
    #[error("the order is not open")]
    NotOpen,
    #[error("the value does not do: {0}")]
    Unfit(String),
    #[error("the database could not be brought up to date: {0}")]
    Migration(#[from] MigrateError),
    #[error("the database failed: {0}")]
    Database(#[source] sqlx::Error),
}

impl ShopError {
    /// Whether another transaction was in the way, so that trying again will do.
    pub fn is_passing(&self) -> bool {
        let Self::Database(sqlx::Error::Database(error)) = self else {
            return false;
        };
        matches!(error.code().as_deref(), Some("40001" | "40P01"))
    }
}

impl From<sqlx::Error> for ShopError {
    fn from(error: sqlx::Error) -> Self {
        let sqlx::Error::Database(database) = &error else {
            return Self::Database(error);
        };
        match (database.kind(), database.constraint()) {
            (ErrorKind::UniqueViolation, Some("customers_email_once")) => Self::EmailTaken,
            (ErrorKind::ForeignKeyViolation, Some("orders_customer_known")) => {
                Self::UnknownCustomer
            }
            (ErrorKind::CheckViolation | ErrorKind::NotNullViolation, _) => {
                let table = database.table().unwrap_or("unknown");
                let detail = database
                    .try_downcast_ref::<PgDatabaseError>()
                    .and_then(PgDatabaseError::detail);
                Self::Unfit(format!("table {table}: {}", detail.unwrap_or("no detail")))
            }
            _ => Self::Database(error),
        }
    }
}
