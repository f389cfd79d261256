//! onepool beside what else there is, in one run.
//!
//! ```text
//! cargo bench -p onepool-tests --bench side_by_side -- --help
//! ```

#[cfg(target_os = "linux")]
mod bench;

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    bench::run()
}

/// CPU time and memory of other processes are read from Linux's `/proc`.
#[cfg(not(target_os = "linux"))]
fn main() {
    eprintln!("side_by_side measures on Linux only");
}
