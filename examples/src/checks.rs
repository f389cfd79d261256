//! What must be true at the end. Each check answers with what is wrong.

use std::collections::BTreeMap;

use futures_util::TryStreamExt;
use onepool_host::PoolStats;
use onepool_sdk::{Onepool, OnepoolPool};
use sqlx::QueryBuilder;

use crate::cast::Member;
use crate::plugins::{ACCOUNTS, Figures, Kind, OPENING_POINTS};

/// The database never saw more connections than the cap.
pub fn peak(pool: &PoolStats, cap: u32) -> Option<String> {
    let peak = pool.peak;
    let passed = peak == 0 || peak > cap;
    passed.then(|| format!("there were {peak} database connections at once, and the cap is {cap}"))
}

/// What a plugin was told to be written is there, and nothing else.
pub async fn plugin(
    pool: &OnepoolPool,
    member: &Member,
    figures: &Figures,
) -> sqlx::Result<Vec<String>> {
    let mut complaints = Vec::new();
    let mut expect = |what: &str, found: i64, acknowledged: i64| {
        if found != acknowledged {
            let name = &member.name;
            complaints.push(format!(
                "{name}: {what}: {found} found, {acknowledged} acknowledged"
            ));
        }
    };
    let (rows, id_sum) = ledger(pool, member).await?;
    expect("rows", rows, figures.rows);
    expect("sum of ids", id_sum, figures.id_sum);
    if member.kind == Kind::Inbox {
        let sql = format!(
            "SELECT COUNT(*) FROM {} WHERE handled = 1",
            member.tables().table("messages")
        );
        let handled = QueryBuilder::<Onepool>::new(sql)
            .build_query_scalar()
            .fetch_one(pool)
            .await?;
        expect("handled messages", handled, figures.handled);
    }
    if figures.rows == 0 {
        complaints.push(format!("{}: it did nothing", member.name));
    }
    if member.kind == Kind::Bank {
        complaints.extend(books(pool, member).await?);
    }
    Ok(complaints)
}

/// How many rows there are in the table that the plugin counts, and the sum of their ids.
async fn ledger(pool: &OnepoolPool, member: &Member) -> sqlx::Result<(i64, i64)> {
    let sql = format!(
        "SELECT id FROM {}",
        member.tables().table(member.kind.ledger())
    );
    let mut select = QueryBuilder::<Onepool>::new(sql);
    let ids = select.build_query_scalar::<i64>().fetch(pool);
    ids.try_fold((0, 0), async |(rows, sum), id| Ok((rows + 1, sum + id)))
        .await
}

/// Points are conserved, and each account holds what its transfers say.
async fn books(pool: &OnepoolPool, member: &Member) -> sqlx::Result<Vec<String>> {
    let mut expected: BTreeMap<i64, i64> = (0..ACCOUNTS).map(|id| (id, OPENING_POINTS)).collect();
    let sql = format!(
        "SELECT payer, payee, points FROM {}",
        member.tables().table("transfers")
    );
    let mut select = QueryBuilder::<Onepool>::new(sql);
    let mut transfers = select.build_query_as::<(i64, i64, i64)>().fetch(pool);
    while let Some((payer, payee, points)) = transfers.try_next().await? {
        *expected.entry(payer).or_default() -= points;
        *expected.entry(payee).or_default() += points;
    }
    let sql = format!(
        "SELECT id, points FROM {}",
        member.tables().table("accounts")
    );
    let mut select = QueryBuilder::<Onepool>::new(sql);
    let found: Vec<(i64, i64)> = select.build_query_as().fetch_all(pool).await?;
    let found: BTreeMap<i64, i64> = found.into_iter().collect();

    let name = &member.name;
    let mut complaints = Vec::new();
    let (sum, opening) = (found.values().sum::<i64>(), ACCOUNTS * OPENING_POINTS);
    if sum != opening {
        complaints.push(format!("{name}: {opening} points became {sum}"));
    }
    for (account, expected) in expected {
        let holds = found.get(&account).copied().unwrap_or(0);
        if holds != expected {
            complaints.push(format!(
                "{name}: account {account} holds {holds} points, its transfers say {expected}"
            ));
        }
    }
    Ok(complaints)
}
