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

#[cfg(test)]
mod tests {
    use onepool_host::testing::{self, TestHost};
    use onepool_sdk::OnepoolPoolOptions;
    use sqlx::AssertSqlSafe;

    use super::*;

    /// A bank as it is after one transfer of 20 points.
    async fn bank() -> (TestHost, OnepoolPool, Member, Figures) {
        let host = testing::host().await;
        let options = OnepoolPoolOptions::new();
        let pool = options.connect_with(host.dialer("demo").into());
        let pool = pool.await.unwrap();
        let member = Member {
            name: "bank-1".to_owned(),
            kind: Kind::Bank,
        };
        let figures = Figures {
            rows: 1,
            id_sum: 7,
            ..Figures::default()
        };
        for sql in [
            "CREATE TABLE T_accounts (id INTEGER PRIMARY KEY, points INTEGER)",
            "CREATE TABLE T_transfers (id INTEGER, payer INTEGER, payee INTEGER, points INTEGER)",
            "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 9)
             INSERT INTO T_accounts SELECT i, 1000 + 20 * (i = 2) - 20 * (i = 1) FROM n",
            "INSERT INTO T_transfers VALUES (7, 1, 2, 20)",
        ] {
            change(&pool, sql).await;
        }
        (host, pool, member, figures)
    }

    async fn change(pool: &OnepoolPool, sql: &str) {
        let sql = sql.replace("T_", "onepool_demo_bank_1_");
        let done = sqlx::raw_sql(AssertSqlSafe(sql)).execute(pool).await;
        done.unwrap();
    }

    #[tokio::test]
    async fn sound_books_pass() {
        let (_host, pool, member, figures) = bank().await;
        let complaints = plugin(&pool, &member, &figures).await.unwrap();
        assert!(complaints.is_empty(), "{complaints:?}");
    }

    #[tokio::test]
    async fn each_fault_is_found() {
        for (fault, complaint) in [
            (
                "UPDATE T_accounts SET points = points + 1 WHERE id = 9",
                "bank-1: 10000 points became 10001",
            ),
            (
                "UPDATE T_accounts SET points = 1010 WHERE id IN (1, 2)",
                "bank-1: account 1 holds 1010 points, its transfers say 980",
            ),
            (
                "DELETE FROM T_transfers",
                "bank-1: rows: 0 found, 1 acknowledged",
            ),
            (
                "UPDATE T_transfers SET id = 8",
                "bank-1: sum of ids: 8 found, 7 acknowledged",
            ),
        ] {
            let (_host, pool, member, figures) = bank().await;
            change(&pool, fault).await;
            let complaints = plugin(&pool, &member, &figures).await.unwrap();
            let found = complaints.iter().any(|found| found == complaint);
            assert!(found, "{fault}: {complaints:?}");
        }
    }

    #[tokio::test]
    async fn idleness_and_a_passed_cap_are_faults() {
        let (host, pool, member, _) = bank().await;
        change(&pool, "DELETE FROM T_transfers").await;
        let complaints = plugin(&pool, &member, &Figures::default()).await.unwrap();
        assert!(complaints.contains(&"bank-1: it did nothing".to_owned()));
        let stats = host.pool_stats();
        assert_eq!(peak(&stats, stats.peak), None);
        assert!(peak(&stats, stats.peak - 1).is_some());
    }
}
