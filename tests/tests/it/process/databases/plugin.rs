//! A plugin in a process of its own that is with several databases, and is told line by line what to
//! do: `ask OPTIONS SQL` for one text, `within OPTIONS SQL` for the same in a transaction, `do OPTIONS
//! SQL`, and `flood OPTIONS SQL`. The options are those of a URL, `-` for none.

use std::collections::HashMap;

use onepool_sdk::{OnepoolError, OnepoolPool, OnepoolPoolOptions};
use sqlx::AssertSqlSafe;
use tokio::task::JoinSet;

use crate::process::child::Line;

/// Callers of a flood, and how often each calls.
const CALLERS: usize = 40;
const TIMES: usize = 10;

/// Plays it until the test has gone.
pub(in crate::process) async fn several(line: &mut Line) {
    let mut pools = HashMap::new();
    while let Some(told) = line.try_hear().await {
        let answer = match does(&mut pools, &told).await {
            Ok(answer) => answer,
            Err(error) => match OnepoolError::of(&error) {
                Some(error) => error.code().to_string(),
                None => error.to_string().replace('\n', " "),
            },
        };
        line.say(&answer).await;
    }
}

async fn does(pools: &mut HashMap<String, OnepoolPool>, told: &str) -> Result<String, sqlx::Error> {
    let mut words = told.splitn(3, ' ');
    let mut word = || words.next().unwrap().to_owned();
    let (verb, options, sql) = (word(), word(), word());
    let pool = match pools.get(&options) {
        Some(pool) => pool.clone(),
        None => {
            let url = format!("onepool:?{}", options.trim_matches('-'));
            let pool = OnepoolPoolOptions::new().max_connections(50);
            let pool = pool.connect(&url).await?;
            pools.entry(options).or_insert(pool).clone()
        }
    };
    match &*verb {
        "ask" => {
            let asked = sqlx::query_scalar(AssertSqlSafe(sql));
            asked.fetch_one(&pool).await
        }
        "within" => {
            let mut transaction = pool.begin().await?;
            let asked = sqlx::query_scalar(AssertSqlSafe(sql));
            let answer = asked.fetch_one(&mut *transaction).await?;
            transaction.commit().await?;
            Ok(answer)
        }
        "do" => {
            sqlx::query(AssertSqlSafe(sql)).execute(&pool).await?;
            Ok("done".to_owned())
        }
        "flood" => flood(&pool, &sql).await,
        _ => panic!("what is {told}?"),
    }
}

/// Has many callers run a statement over and over.
async fn flood(pool: &OnepoolPool, sql: &str) -> Result<String, sqlx::Error> {
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        let (pool, sql) = (pool.clone(), sql.to_owned());
        callers.spawn(async move {
            for _ in 0..TIMES {
                let query = sqlx::raw_sql(AssertSqlSafe(sql.clone()));
                query.execute(&pool).await?;
            }
            Ok::<_, sqlx::Error>(())
        });
    }
    while let Some(ended) = callers.join_next().await {
        ended.unwrap()?;
    }
    Ok("done".to_owned())
}
