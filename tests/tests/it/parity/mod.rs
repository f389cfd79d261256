//! It is sqlx as you know it: every scenario is written once, as plain sqlx code, and compiled for
//! every driver.
//!
//! A scenario runs through the direct driver of a database, through onepool over the in-memory
//! channel, and through onepool over the real socket, each on a fresh database. It writes down what
//! it sees, and the three [transcripts](transcript) must be equal, value by value.
//!
//! The scenarios are in `scenario/`; [`sqlite`], [`postgres`], [`mysql`] and [`onepool`] compile
//! them for their driver, and [`table`] lists which of them run where. What onepool has alone, or
//! does otherwise on purpose, is tested elsewhere.

#![expect(
    clippy::duplicate_mod,
    reason = "each scenario is compiled once for every driver, which is the point"
)]

mod driver;
mod known;
mod otherwise;
mod runner;
mod stage;
mod table;
mod transcript;

mod mysql;
mod onepool;
mod postgres;
mod sqlite;
