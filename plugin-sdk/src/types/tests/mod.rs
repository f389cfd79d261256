//! What each type makes of the bytes that the databases send, and what it binds as.
//!
//! The bytes are those that PostgreSQL 15 (`encode(int4send(5), 'hex')` and so on), MariaDB 10.11
//! and SQLite send.

mod cell;

mod any_bytes;
mod arguments;
mod arrays;
mod columns;
mod decimals;
mod derive;
mod intervals;
mod numbers;
mod ranges;
mod string_enums;
mod texts;
mod time_tz;
mod with_chrono;
mod with_time;
