mod arguments;
mod backends;
mod names;
mod statements;

use onepool_proto::message::Want;
use onepool_proto::{Failure, Value};
use onepool_tests::Database;

use crate::db::testing::{Yield, run};
use crate::db::{Driver, Source, Statement};

async fn database() -> Database {
    onepool_tests::postgres().await.database(5).await
}

async fn open(database: &Database) -> Driver {
    Source::parse(&database.url)
        .unwrap()
        .connect()
        .await
        .unwrap()
}

async fn rows(driver: &mut Driver, sql: &str, arguments: Vec<Value>) -> Result<Yield, Failure> {
    run(driver, Statement::with(sql, arguments), Want::Rows).await
}

async fn one(driver: &mut Driver, sql: &str) -> Option<String> {
    let rows = driver.query(sql).await.unwrap();
    rows.into_iter().flatten().next().unwrap()
}

fn text(value: &str) -> Option<Vec<u8>> {
    Some(value.as_bytes().to_vec())
}
