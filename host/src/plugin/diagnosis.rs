//! Why a plugin did not come up.

use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use onepool_proto::Failure;

use super::definition::Plugin;

/// The user that may become any other.
const ROOT: u32 = 0;

/// Why a plugin did not come up: what is wrong, and what to do.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartFailure {
    /// There is no such file.
    #[error("there is no program at {0}; correct the path, or install it")]
    NotFound(PathBuf),
    /// The program was given without a folder, and is in none of those of `PATH`.
    #[error("no folder of PATH holds a program {0}; give its whole path, or install it")]
    NotInPath(PathBuf),
    /// It could not be put into its working folder.
    #[error("its working folder {0} cannot be entered; create it, or let its user in")]
    Folder(PathBuf),
    /// The program is there, and what runs it is not.
    #[error(
        "{program} is run by {interpreter}, which is not there; install that, or correct the program"
    )]
    NoInterpreter {
        /// The program.
        program: PathBuf,
        /// What runs it: of a script as its first line says, otherwise the loader.
        interpreter: String,
    },
    /// The file is not marked as a program, or its user may not get at it.
    #[error("{0} may not be executed; make it executable (`chmod +x`), for the user that runs it")]
    NotExecutable(PathBuf),
    /// The program was built for another kind of machine or system.
    #[error(
        "{program} is a program for {built_for}, and this is {}; install the build for this one",
        here()
    )]
    WrongArchitecture {
        /// The program.
        program: PathBuf,
        /// What it was built for.
        built_for: &'static str,
    },
    /// The file is nothing that can be run.
    #[error("{0} is neither a program nor a script that begins with `#!`")]
    NotAProgram(PathBuf),
    /// The host may not start it as its user.
    #[error(
        "it cannot be started as user {0}; run the host as root, or the plugin as the host's user"
    )]
    User(u32),
    /// The operating system refused for another reason.
    #[error("the operating system did not start it: {0}")]
    System(#[source] Arc<io::Error>),
    /// It ran, and did not connect in time.
    #[error(
        "it did not connect to the host within {after:?}, and was ended; if it needs longer, or \
         connects only when there is work, raise its `handshake_timeout`{last_lines}"
    )]
    Late {
        /// How long it had.
        after: Duration,
        /// What it wrote last.
        last_lines: LastWords,
    },
    /// It ended before it connected.
    #[error("it ended ({}) before it connected to the host{last_lines}", ended(status.as_ref()))]
    Ended {
        /// How it ended, if the operating system says so.
        status: Option<ExitStatus>,
        /// What it wrote last.
        last_lines: LastWords,
    },
    /// It connected and the host did not let it in: it speaks other versions of the protocol, say.
    #[error("the host refused it: {0}")]
    Refused(#[source] Failure),
    /// It was told to stop before it had come up.
    #[error("it was stopped before it had connected to the host")]
    Stopped,
}

/// The last lines that a plugin has written, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LastWords(pub Vec<String>);

impl fmt::Display for LastWords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("; it wrote nothing");
        }
        write!(f, "; it wrote last: {}", self.0.join(" | "))
    }
}

/// Why the operating system did not launch it.
pub(super) fn of_launch(plugin: &Plugin, error: io::Error) -> StartFailure {
    if let Some(folder) = &plugin.current_dir
        && std::fs::read_dir(folder).is_err()
    {
        return StartFailure::Folder(folder.clone());
    }
    if let Some((uid, _)) = plugin.run_as
        && ![uid, ROOT].contains(&effective_user())
    {
        return StartFailure::User(uid);
    }
    let Some(program) = find(plugin) else {
        return match error.kind() {
            io::ErrorKind::NotFound => not_found(plugin),
            io::ErrorKind::PermissionDenied => StartFailure::NotExecutable(plugin.program.clone()),
            _ => StartFailure::System(Arc::new(error)),
        };
    };
    match error.kind() {
        io::ErrorKind::NotFound => StartFailure::NoInterpreter {
            interpreter: interpreter(&program),
            program,
        },
        io::ErrorKind::PermissionDenied => StartFailure::NotExecutable(program),
        _ => misfit(&program).unwrap_or_else(|| StartFailure::System(Arc::new(error))),
    }
}

/// What can be told of a program without launching it.
pub(super) fn of_program(plugin: &Plugin) -> Result<(), StartFailure> {
    if let Some(folder) = &plugin.current_dir
        && !folder.is_dir()
    {
        return Err(StartFailure::Folder(folder.clone()));
    }
    let program = find(plugin).ok_or_else(|| not_found(plugin))?;
    if !is_executable(&program) {
        return Err(StartFailure::NotExecutable(program));
    }
    match misfit(&program) {
        Some(misfit @ StartFailure::WrongArchitecture { .. }) => Err(misfit),
        _ => Ok(()),
    }
}

#[cfg(unix)]
fn is_executable(program: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    program
        .metadata()
        .is_ok_and(|file| file.permissions().mode() & 0o111 != 0)
}

/// There is no such mark.
#[cfg(not(unix))]
fn is_executable(_: &Path) -> bool {
    true
}

fn not_found(plugin: &Plugin) -> StartFailure {
    let program = plugin.program.clone();
    if is_bare(&program) {
        StartFailure::NotInPath(program)
    } else {
        StartFailure::NotFound(program)
    }
}

/// Why it ended before it connected.
pub(super) fn of_end(
    plugin: &Plugin,
    status: Option<ExitStatus>,
    last_lines: Vec<String>,
) -> StartFailure {
    // The C library has a shell try what the system does not know as a program.
    let foreign = find(plugin)
        .and_then(|program| misfit(&program))
        .filter(|misfit| matches!(misfit, StartFailure::WrongArchitecture { .. }));
    foreign.unwrap_or(StartFailure::Ended {
        status,
        last_lines: LastWords(last_lines),
    })
}

/// The program's file, where it is looked for.
fn find(plugin: &Plugin) -> Option<PathBuf> {
    let program = &plugin.program;
    if !is_bare(program) {
        let place = match &plugin.current_dir {
            Some(folder) => folder.join(program),
            None => program.clone(),
        };
        return place.is_file().then_some(place);
    }
    let own = plugin.env.get(std::ffi::OsStr::new("PATH")).cloned();
    let path = own.or_else(|| std::env::var_os("PATH"))?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|place| place.is_file())
}

#[cfg(unix)]
fn effective_user() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// Users have no numbers here.
#[cfg(not(unix))]
fn effective_user() -> u32 {
    ROOT
}

fn is_bare(program: &Path) -> bool {
    program.components().count() == 1 && !program.is_absolute()
}

/// What kind of file it is, if it is none that runs here.
fn misfit(program: &Path) -> Option<StartFailure> {
    let mut head = [0; 20];
    File::open(program)
        .and_then(|mut file| file.read_exact(&mut head))
        .ok()?;
    let built_for = match head {
        [0x7f, b'E', b'L', b'F', _, order, .., low, high] => {
            let number = match order {
                2 => u16::from_be_bytes([low, high]),
                _ => u16::from_le_bytes([low, high]),
            };
            machine(number)
        }
        [b'M', b'Z', ..] => "Windows",
        [0xcf, 0xfa, 0xed, 0xfe, ..] | [0xca, 0xfe, 0xba, 0xbe, ..] => "macOS",
        [b'#', b'!', ..] => return None,
        _ => return Some(StartFailure::NotAProgram(program.to_owned())),
    };
    let fits =
        built_for == std::env::consts::ARCH || built_for.eq_ignore_ascii_case(std::env::consts::OS);
    (!fits).then(|| StartFailure::WrongArchitecture {
        program: program.to_owned(),
        built_for,
    })
}

/// As Rust names it. The numbers are those of ELF.
fn machine(number: u16) -> &'static str {
    match number {
        3 => "x86",
        62 => "x86_64",
        40 => "arm",
        183 => "aarch64",
        243 => "riscv64",
        22 => "s390x",
        21 => "powerpc64",
        258 => "loongarch64",
        _ => "another kind of processor",
    }
}

fn here() -> String {
    format!("{} {}", std::env::consts::OS, std::env::consts::ARCH)
}

fn interpreter(program: &Path) -> String {
    let mut line = Vec::new();
    let read = File::open(program)
        .and_then(|file| BufReader::new(file.take(256)).read_until(b'\n', &mut line));
    let script = read.is_ok().then(|| line.strip_prefix(b"#!")).flatten();
    match script {
        Some(rest) => String::from_utf8_lossy(rest).trim().to_owned(),
        None => "the loader that it was linked for".to_owned(),
    }
}

fn ended(status: Option<&ExitStatus>) -> String {
    status.map_or_else(|| "nobody knows how".to_owned(), ToString::to_string)
}
