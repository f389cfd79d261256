//! Under construction.
#![expect(dead_code, reason = "the parts are being put together")]

mod db;
mod pool;
mod session;
