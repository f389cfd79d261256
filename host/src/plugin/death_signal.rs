//! Ends a child when the thread that started it dies.
#![expect(
    unsafe_code,
    reason = "std has no safe way to run code between fork and exec, and the signal can only be \
              asked for by the child itself"
)]

use std::io;

use rustix::process::{Pid, Signal, getpid, getppid, set_parent_process_death_signal};
use tokio::process::Command;

/// Makes the child ask for SIGKILL at the death of the thread that starts it.
pub(super) fn set(command: &mut Command) {
    let host = getpid();
    // SAFETY: between fork and exec only async-signal-safe calls are allowed. `ask` makes two
    // system calls and compares their results; it allocates nothing, takes no lock, and does not
    // panic.
    unsafe {
        command.pre_exec(move || ask(host));
    }
}

fn ask(host: Pid) -> io::Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    // A host that died before this was asked for will not send the signal any more.
    if getppid() == Some(host) {
        Ok(())
    } else {
        Err(io::ErrorKind::NotFound.into())
    }
}
