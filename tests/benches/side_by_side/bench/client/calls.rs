//! What a call looks like in a user's program. Only the types differ between contenders, and sqlx's
//! bounds for "any of them" would hide what is measured; so these are macros.

/// One row by its key.
macro_rules! point {
    ($executor:expr, $texts:expr) => {{
        let id = fastrand::i64(1..=texts::ACCOUNTS);
        let row: (i64, String, i64) = sqlx::query_as($texts.point)
            .bind(id)
            .fetch_one($executor)
            .await?;
        texts::check_account(id, &row)
    }};
}

/// All rows of a table, typed.
macro_rules! bulk {
    ($executor:expr, $times:expr) => {{
        let mut sum = texts::Sum::default();
        let mut readings =
            sqlx::query_as::<_, texts::Reading>(texts::bulk($times)).fetch($executor);
        while let Some(reading) = readings.try_next().await? {
            sum.add(&reading);
        }
        sum.check($times)
    }};
}

/// Four statements.
macro_rules! tx {
    ($begin:expr, $texts:expr) => {{
        let id = fastrand::i64(1..=texts::ACCOUNTS);
        let mut tx = $begin.await?;
        let row: (i64, String, i64) = sqlx::query_as($texts.point)
            .bind(id)
            .fetch_one(&mut *tx)
            .await?;
        let done = sqlx::query($texts.update)
            .bind(id)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        if done.rows_affected() != 1 {
            return Err("no row was updated".into());
        }
        texts::check_account(id, &row)
    }};
}

/// Many rows in one transaction, counted before it ends.
macro_rules! insert {
    ($begin:expr, $rows:expr, |$tx:ident| $fill:block) => {{
        let mut $tx = $begin.await?;
        $fill
        let found: (i64, i64) = sqlx::query_as(texts::INSERTED).fetch_one(&mut *$tx).await?;
        $tx.commit().await?;
        texts::check_inserted($rows, found)
    }};
}

/// One statement a row.
macro_rules! row_by_row {
    ($tx:expr, $texts:expr, $rows:expr) => {
        for id in 1..=i64::from($rows) {
            let (id, name, value) = texts::named(id);
            sqlx::query($texts.insert)
                .bind(id)
                .bind(name)
                .bind(value)
                .execute(&mut *$tx)
                .await?;
        }
    };
}

pub(super) use {bulk, insert, point, row_by_row, tx};
