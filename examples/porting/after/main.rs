//! The same shop, ported: `sqlx` and onepool, a plugin of whichever host launches it.
//!
//! `onepool serve --database postgres://... --plugin shop=target/debug/porting-after`

mod shop;

use std::error::Error;

use futures_util::TryStreamExt;
use shop::{Customers, Details, Line, NewProduct, OrderState, Orders, Products, Reports};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let pool = shop::connect("onepool:").await?;
    shop::migrate(&pool).await?;
    let customers = Customers::new(pool.clone());
    let products = Products::new(pool.clone());
    let orders = Orders::new(pool.clone());
    let reports = Reports::new(pool.clone());

    let customer = match customers.by_email("ada@example.com").await? {
        Some(customer) => customer,
        None => customers.register("ada@example.com", "Ada").await?,
    };
    customers.rename(customer.id, "Ada L.").await?;
    let lamp = products.add(&product("desk lamp", 4_900, 10)).await?;
    products
        .add_all(&[product("candle", 300, 90), product("lantern", 2_500, 5)])
        .await?;
    let affordable = products.search(Some("light"), 1..=3_000).await?;
    eprintln!("{} lights for little money", affordable.len());

    let first = orders
        .place(
            customer.id,
            &[Line {
                product: lamp,
                quantity: 2,
            }],
        )
        .await?;
    let wishes = [Line {
        product: lamp,
        quantity: 200,
    }];
    let (second, missing) = orders.place_what_there_is(customer.id, &wishes).await?;
    orders.pay(first).await?;
    orders.cancel(second).await?;
    let cancelled = orders.in_state(OrderState::Cancelled).await?;
    eprintln!(
        "{} lines are missing, {} orders cancelled",
        missing.len(),
        cancelled.len()
    );
    eprintln!("{} lamps are left", products.stock(lamp).await?);

    let totals = reports.totals().await?;
    eprintln!(
        "{} orders paid, {} cents",
        totals.paid_orders, totals.paid_cents
    );
    let report = reports.sold_and_left().await?;
    let mut catalogue = products.all();
    while let Some(product) = catalogue.try_next().await? {
        let (sold, left) = report.get(&product.id).copied().unwrap_or_default();
        eprintln!("{}: {sold} sold, {left} left", product.name);
    }
    Ok(())
}

fn product(name: &str, price_cents: i64, stock: i32) -> NewProduct {
    NewProduct {
        name: name.to_owned(),
        price_cents,
        stock,
        tags: vec!["light".to_owned()],
        details: Details {
            weight_g: 800,
            colours: vec!["brass".to_owned()],
        },
    }
}
