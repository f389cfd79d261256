//! The `onepool` program.

fn main() {}
