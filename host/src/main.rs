//! The `onepool` program: a host of its own, for plugins of any application.

use std::process::ExitCode;

mod program;

fn main() -> ExitCode {
    program::run()
}
