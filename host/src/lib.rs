//! Under construction.

#[cfg_attr(
    not(test),
    expect(
        dead_code,
        unused_imports,
        reason = "the pool that asks for verdicts is not here yet"
    )
)]
mod db;
