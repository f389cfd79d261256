//! Whatever a plugin leaves behind on a backend, the next one does not find.
//!
//! A seed is a life of a host with one backend for work. In each of its rounds one plugin runs
//! drawn statements, which leave as much behind as they can, and goes away in one of several ways;
//! then another plugin, in a session of its own, reads everything of the backend that can be read,
//! and finds what was there before anybody came ([`leaves`]). And what a plugin does set is there
//! for itself, on whichever backend it goes on ([`follows`]), as it would be on a connection of its
//! own.
//!
//! A failing seed prints itself with its last round; `ONEPOOL_SEED=7 cargo test ...` runs that one
//! alone.

mod draw;
mod follows;
mod known;
mod leaves;
mod mysql;
mod plugin;
mod postgres;
mod sqlite;
mod stage;
