//! What follows from the definition of the command line: completions for shells, and the manual.

use std::fs;
use std::path::Path;

use clap::CommandFactory;
use clap_complete::Shell;

use super::arguments::Arguments;
use super::{ProgramError, print};

/// `onepool completions`
pub(crate) fn completions(shell: Shell) -> Result<(), ProgramError> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "onepool", &mut script);
    print(&String::from_utf8_lossy(&script))
}

/// `onepool manual`
pub(crate) fn manual(folder: &Path) -> Result<(), ProgramError> {
    let written = fs::create_dir_all(folder)
        .and_then(|()| clap_mangen::generate_to(Arguments::command(), folder));
    written.map_err(|error| {
        ProgramError::Failed(format!("cannot write to {}: {error}", folder.display()))
    })
}
