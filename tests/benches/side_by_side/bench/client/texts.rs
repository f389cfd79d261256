//! The statements, and what their results must be.

use crate::bench::error::Result;
use crate::bench::order::Dialect;

/// Rows in the table `accounts`.
pub(crate) const ACCOUNTS: i64 = 10_000;
/// Rows in the table `readings`.
pub(crate) const READINGS: i64 = 100_000;
/// Rows in the table `tens`.
pub(crate) const TENS: u32 = 10;

/// The statements that have arguments, as the dialect writes them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Texts {
    pub(super) point: &'static str,
    pub(super) update: &'static str,
    pub(super) insert: &'static str,
    pub(super) remove: &'static str,
}

const NUMBERED: Texts = Texts {
    point: "SELECT id, owner, balance FROM accounts WHERE id = $1",
    update: "UPDATE accounts SET visits = visits + 1 WHERE id = $1",
    insert: "INSERT INTO inserted (id, name, value) VALUES ($1, $2, $3)",
    remove: "TRUNCATE TABLE inserted",
};

const MARKED: Texts = Texts {
    point: "SELECT id, owner, balance FROM accounts WHERE id = ?",
    update: "UPDATE accounts SET visits = visits + 1 WHERE id = ?",
    insert: "INSERT INTO inserted (id, name, value) VALUES (?, ?, ?)",
    remove: "TRUNCATE TABLE inserted",
};

/// What an insert of several rows begins with.
pub(super) const INSERT: &str = "INSERT INTO inserted (id, name, value) ";
/// How many rows were inserted, and the largest id.
pub(super) const INSERTED: &str = "SELECT count(*), coalesce(max(id), 0) FROM inserted";

impl Texts {
    pub(super) fn of(dialect: Dialect) -> Self {
        match dialect {
            Dialect::PostgreSQL => NUMBERED,
            Dialect::MariaDB => MARKED,
            Dialect::SQLite => Self {
                remove: "DELETE FROM inserted",
                ..MARKED
            },
        }
    }
}

/// All readings, so many times over.
pub(super) fn bulk(times: u32) -> &'static str {
    match times {
        TENS => "SELECT id, sensor, value, label, valid FROM readings CROSS JOIN tens",
        _ => "SELECT id, sensor, value, label, valid FROM readings",
    }
}

/// A row of the table `readings`.
#[derive(Debug, sqlx::FromRow)]
pub(super) struct Reading {
    id: i64,
    sensor: i32,
    value: f64,
    label: String,
    valid: bool,
}

/// What the readings of a bulk add up to.
#[derive(Debug, Default)]
pub(super) struct Sum {
    rows: u64,
    ids: i64,
    sensors: i64,
    values: f64,
    label_bytes: usize,
    valid: u64,
}

impl Sum {
    pub(super) fn add(&mut self, reading: &Reading) {
        self.rows += 1;
        self.ids += reading.id;
        self.sensors += i64::from(reading.sensor);
        self.values += reading.value;
        self.label_bytes += reading.label.len();
        self.valid += u64::from(reading.valid);
    }

    /// Reading `n` is of sensor `n % 100`, has the value `n / 2` and a label of at least 20 bytes,
    /// and is valid if `n` is even.
    pub(super) fn check(&self, times: u32) -> Result<()> {
        let (n, times) = (READINGS, i64::from(times));
        let right = i64::try_from(self.rows)? == n * times
            && self.ids == n * (n + 1) / 2 * times
            && self.sensors == n / 100 * 4950 * times
            && (self.values * 2.0 - self.ids as f64).abs() < 1.0
            && self.label_bytes >= 20 * usize::try_from(n * times)?
            && i64::try_from(self.valid)? == n / 2 * times;
        right
            .then_some(())
            .ok_or_else(|| format!("wrong: {self:?}").into())
    }
}

/// Account `n` has the balance `7 n`.
pub(super) fn check_account(id: i64, row: &(i64, String, i64)) -> Result<()> {
    let right = row.0 == id && row.1.ends_with(&id.to_string()) && row.2 == 7 * id;
    right
        .then_some(())
        .ok_or_else(|| format!("wrong: {row:?} for {id}").into())
}

/// Rows have the ids from 1.
pub(super) fn check_inserted(rows: u32, (count, most): (i64, i64)) -> Result<()> {
    let right = count == i64::from(rows) && most == count;
    right
        .then_some(())
        .ok_or_else(|| format!("{count} rows up to {most}, not {rows}").into())
}

/// The name and the value of row `id`.
pub(super) fn named(id: i64) -> (i64, String, f64) {
    (id, format!("the row of number {id}"), id as f64 / 2.0)
}
