//! Those who buy.

use sqlx::PgPool;
use uuid::Uuid;

use super::error::ShopError;
use super::model::Customer;

/// Those who buy.
#[derive(Clone, Debug)]
pub struct Customers {
    pool: PgPool,
}

impl Customers {
    pub fn new(pool: PgPool) -> Self {
        Self { pool }
    }

    /// Registers somebody.
    pub async fn register(&self, email: &str, name: &str) -> Result<Customer, ShopError> {
        let customer = sqlx::query_as(
            "INSERT INTO customers (id, email, name) VALUES ($1, $2, $3)
             RETURNING id, email, name, registered",
        )
        .bind(Uuid::new_v4())
        .bind(email)
        .bind(name)
        .fetch_one(&self.pool)
        .await?;
        Ok(customer)
    }

    /// Who has registered with this address.
    pub async fn by_email(&self, email: &str) -> Result<Option<Customer>, ShopError> {
        let customer =
            sqlx::query_as("SELECT id, email, name, registered FROM customers WHERE email = $1")
                .bind(email)
                .fetch_optional(&self.pool)
                .await?;
        Ok(customer)
    }

    /// Gives somebody another name.
    pub async fn rename(&self, id: Uuid, name: &str) -> Result<(), ShopError> {
        let renamed = sqlx::query("UPDATE customers SET name = $2 WHERE id = $1")
            .bind(id)
            .bind(name)
            .execute(&self.pool)
            .await?;
        match renamed.rows_affected() {
            0 => Err(ShopError::UnknownCustomer),
            _ => Ok(()),
        }
    }
}
