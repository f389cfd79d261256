//! What is sold.

use std::ops::RangeInclusive;

use futures_util::TryStreamExt;
use futures_util::stream::BoxStream;
use sqlx::types::Json;
use sqlx::{PgExecutor, PgPool, Postgres, QueryBuilder};

use super::error::ShopError;
use super::model::{Line, NewProduct, Product};

const SELECT: &str = "SELECT id, name, price_cents, stock, tags, details FROM products";

/// What is sold.
#[derive(Clone, Debug)]
pub struct Products {
    pool: PgPool,
}

impl Products {
    pub fn new(pool: PgPool) -> Self {
        Self { pool }
    }

    /// Puts a product into the shop, and answers its number.
    pub async fn add(&self, product: &NewProduct) -> Result<i64, ShopError> {
        let id = sqlx::query_scalar(
            "INSERT INTO products (name, price_cents, stock, tags, details)
             VALUES ($1, $2, $3, $4, $5) RETURNING id",
        )
        .bind(&product.name)
        .bind(product.price_cents)
        .bind(product.stock)
        .bind(&product.tags)
        .bind(Json(&product.details))
        .fetch_one(&self.pool)
        .await?;
        Ok(id)
    }

    /// Puts many products into the shop.
    pub async fn add_all(&self, products: &[NewProduct]) -> Result<u64, ShopError> {
        let mut insert = QueryBuilder::<Postgres>::new(
            "INSERT INTO products (name, price_cents, stock, tags, details) ",
        );
        insert.push_values(products, |mut row, product| {
            row.push_bind(&product.name)
                .push_bind(product.price_cents)
                .push_bind(product.stock)
                .push_bind(&product.tags)
                .push_bind(Json(&product.details));
        });
        let added = insert.build().execute(&self.pool).await?;
        Ok(added.rows_affected())
    }

    /// The products with this tag, if one is given, and a price within the range, by name.
    pub async fn search(
        &self,
        tag: Option<&str>,
        price_cents: RangeInclusive<i64>,
    ) -> Result<Vec<Product>, ShopError> {
        let mut select = QueryBuilder::<Postgres>::new(SELECT);
        select
            .push(" WHERE price_cents BETWEEN ")
            .push_bind(*price_cents.start());
        select.push(" AND ").push_bind(*price_cents.end());
        if let Some(tag) = tag {
            select.push(" AND ").push_bind(tag).push(" = ANY (tags)");
        }
        select.push(" ORDER BY name");
        Ok(select.build_query_as().fetch_all(&self.pool).await?)
    }

    /// All products, one after the other: the catalogue may be long.
    pub fn all(&self) -> BoxStream<'_, Result<Product, ShopError>> {
        let products = sqlx::query_as(SELECT).fetch(&self.pool);
        Box::pin(products.map_err(ShopError::from))
    }

    /// How much of a product is in stock.
    pub async fn stock(&self, product: i64) -> Result<i32, ShopError> {
        stock(&self.pool, product).await
    }
}

/// How much of a product is in stock, inside a transaction or not.
pub async fn stock(executor: impl PgExecutor<'_>, product: i64) -> Result<i32, ShopError> {
    let stock = sqlx::query_scalar("SELECT stock FROM products WHERE id = $1")
        .bind(product)
        .fetch_one(executor)
        .await?;
    Ok(stock)
}

/// Puts several products back at once.
pub async fn put_back(executor: impl PgExecutor<'_>, lines: &[Line]) -> Result<(), ShopError> {
    let (products, quantities): (Vec<i64>, Vec<i32>) = lines
        .iter()
        .map(|line| (line.product, line.quantity))
        .unzip();
    sqlx::query(
        "UPDATE products SET stock = stock + back.quantity
         FROM UNNEST($1::BIGINT[], $2::INTEGER[]) AS back (product, quantity)
         WHERE products.id = back.product",
    )
    .bind(products)
    .bind(quantities)
    .execute(executor)
    .await?;
    Ok(())
}
