//! One test for two applications: the shop before it was ported to onepool, and after.

#[path = "../../porting/after/shop/mod.rs"]
mod after;
#[path = "../../porting/before/shop/mod.rs"]
mod before;

use onepool_host::Host;
use onepool_tests::Database;

/// How many connections the database grants. The shop's own pool has eight.
const CAP: u32 = 9;

/// A shop is the same with either driver, so the test is written once and made for both.
macro_rules! test_shop {
    ($shop:ident, $url:expr) => {{
        use futures_util::TryStreamExt;
        use futures_util::future::join_all;
        use $shop::*;

        let pool = $shop::connect($url).await.unwrap();
        $shop::migrate(&pool).await.unwrap();
        $shop::migrate(&pool).await.unwrap();
        let customers = Customers::new(pool.clone());
        let products = Products::new(pool.clone());
        let orders = Orders::new(pool.clone());
        let reports = Reports::new(pool.clone());

        // Customers, and what is told of those who register twice.
        let ada = customers.register("ada@example.com", "Ada").await.unwrap();
        assert_eq!(
            customers.by_email("ada@example.com").await.unwrap(),
            Some(ada.clone())
        );
        assert_eq!(customers.by_email("bob@example.com").await.unwrap(), None);
        let twice = customers
            .register("ada@example.com", "Eve")
            .await
            .unwrap_err();
        assert_eq!(
            twice.to_string(),
            "somebody has registered with this address already"
        );
        customers.rename(ada.id, "Ada L.").await.unwrap();
        let nobody = uuid::Uuid::new_v4();
        let unknown = customers.rename(nobody, "Nobody").await.unwrap_err();
        assert_eq!(
            unknown.to_string(),
            "nobody is registered under this number"
        );

        // Products: arrays, JSON, a built query, a stream.
        let product = |name: &str, price_cents, stock, tag: &str| NewProduct {
            name: name.to_owned(),
            price_cents,
            stock,
            tags: vec![tag.to_owned(), "all".to_owned()],
            details: Details {
                weight_g: 800,
                colours: vec!["brass".to_owned()],
            },
        };
        let lamp = products
            .add(&product("lamp", 4_900, 10, "light"))
            .await
            .unwrap();
        let more = [
            product("candle", 300, 90, "light"),
            product("chair", 9_900, 1, "seat"),
        ];
        assert_eq!(products.add_all(&more).await.unwrap(), 2);
        let free = products
            .add(&product("gift", 0, 1, "free"))
            .await
            .unwrap_err();
        assert!(
            free.to_string()
                .starts_with("the value does not do: table products: Failing row")
        );
        let lights = products.search(Some("light"), 1..=10_000).await.unwrap();
        let names: Vec<_> = lights.iter().map(|product| product.name.as_str()).collect();
        assert_eq!(names, ["candle", "lamp"]);
        assert_eq!(lights[0].details.0, more[0].details);
        assert_eq!(
            products.search(None, 9_000..=10_000).await.unwrap()[0].tags,
            ["seat", "all"]
        );
        let all: Vec<_> = products.all().try_collect().await.unwrap();
        assert_eq!(all.len(), 3);
        let chair = all
            .iter()
            .find(|product| product.name == "chair")
            .unwrap()
            .id;

        // Orders: all or nothing, or what there is.
        let line = |product, quantity| Line { product, quantity };
        let first = orders
            .place(ada.id, &[line(lamp, 2), line(chair, 1)])
            .await
            .unwrap();
        let stranger = orders.place(nobody, &[]).await.unwrap_err();
        assert_eq!(
            stranger.to_string(),
            "nobody is registered under this number"
        );
        let too_much = orders
            .place(ada.id, &[line(lamp, 1), line(chair, 1)])
            .await
            .unwrap_err();
        assert_eq!(
            too_much.to_string(),
            format!("there is not enough of product {chair} in stock")
        );
        assert_eq!(
            products.stock(lamp).await.unwrap(),
            8,
            "the whole order was undone"
        );
        let wishes = [line(chair, 1), line(lamp, 3)];
        let (second, missing) = orders.place_what_there_is(ada.id, &wishes).await.unwrap();
        assert_eq!(missing, [line(chair, 1)]);
        assert_eq!(products.stock(lamp).await.unwrap(), 5, "the rest was kept");

        // States: an enum of the database.
        orders.pay(first).await.unwrap();
        assert_eq!(
            orders.pay(first).await.unwrap_err().to_string(),
            "the order is not open"
        );
        orders.cancel(second).await.unwrap();
        assert_eq!(products.stock(lamp).await.unwrap(), 8, "it was put back");
        let paid = orders.in_state(OrderState::Paid).await.unwrap();
        assert_eq!(
            paid.iter().map(|order| order.id).collect::<Vec<_>>(),
            [first]
        );
        let totals = reports.totals().await.unwrap();
        assert_eq!(
            (totals.paid_orders, totals.paid_cents),
            (1, 2 * 4_900 + 9_900)
        );
        let report = reports.sold_and_left().await.unwrap();
        assert_eq!((report[&lamp], report[&chair]), ((2, 8), (1, 0)));

        // Twenty want one each of the eight that are left.
        let wish = [line(lamp, 1)];
        let rush = join_all((0..20).map(|_| orders.place(ada.id, &wish))).await;
        assert_eq!(rush.iter().filter(|order| order.is_ok()).count(), 8);
        assert_eq!(products.stock(lamp).await.unwrap(), 0);
        assert_eq!(orders.in_state(OrderState::Open).await.unwrap().len(), 8);
        pool.close().await;
    }};
}

async fn database() -> Database {
    onepool_tests::postgres().await.database(CAP).await
}

/// A host on this database with three connections, and the shop's URL there.
async fn host(database: &Database) -> (Host, String) {
    let host = Host::builder().database(&database.url).max_connections(3);
    let host = host.start().await.unwrap();
    let token = host.issue_token("shop").unwrap();
    let (endpoint, token) = (host.endpoint(), token.secret());
    let url = format!("onepool://{endpoint}?plugin=shop&token={token}");
    (host, url)
}

#[tokio::test]
async fn the_shop_works_before_it_is_ported() {
    let database = database().await;
    test_shop!(before, &database.url);
}

/// The shop's own pool is as large as before, and the database sees three connections.
#[tokio::test]
async fn the_shop_works_after_it_was_ported() {
    let database = database().await;
    let (host, url) = host(&database).await;
    test_shop!(after, &url);
    assert!(host.pool_stats().peak <= 3);
    host.stop().await;
    assert_eq!(database.refusals().await, 0);
}

/// The migrations that ran before the shop was ported are in the table that sqlx names. The
/// ported shop must be told so, or it finds none and runs them again.
#[tokio::test]
async fn the_ported_shop_takes_a_database_over() {
    let database = database().await;
    let pool = before::connect(&database.url).await.unwrap();
    before::migrate(&pool).await.unwrap();
    let customers = before::Customers::new(pool.clone());
    let ada = customers.register("ada@example.com", "Ada").await.unwrap();
    pool.close().await;

    let (host, url) = host(&database).await;
    let pool = after::connect(&url).await.unwrap();
    let again = after::migrate(&pool).await.unwrap_err().to_string();
    assert!(again.contains("already exists"), "{again}");
    pool.close().await;
    host.stop().await;

    let (host, url) = self::host(&database).await;
    let url = format!("{url}&migrations_table=plain");
    let pool = after::connect(&url).await.unwrap();
    after::migrate(&pool).await.unwrap();
    let customers = after::Customers::new(pool.clone());
    let found = customers.by_email(&ada.email).await.unwrap().unwrap();
    assert_eq!((found.id, found.registered), (ada.id, ada.registered));
    pool.close().await;
    host.stop().await;
}
