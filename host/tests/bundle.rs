//! What is installed elsewhere: the bundle, the completions, the manual.
#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    reason = "what a test needs and does not get fails the test"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const PROGRAM: &str = env!("CARGO_BIN_EXE_onepool");

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn said(output: Output) -> String {
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    String::from_utf8(output.stdout).unwrap()
}

/// The files that the readme lists below this line, in a block of its own: the first word of each line.
fn listed(readme: &str, after: &str) -> BTreeSet<String> {
    let (_, rest) = readme.split_once(after).unwrap();
    let block = rest.split("```").nth(1).unwrap();
    let lines = block.lines().skip(1);
    let names = lines.filter_map(|line| line.split_whitespace().next());
    names.map(str::to_owned).collect()
}

/// The bundle holds what the readme says and nothing else, and its program runs.
#[test]
fn a_bundle_is_as_the_readme_says() {
    let folder = tempfile::tempdir().unwrap();
    let made = Command::new(root().join("scripts/release"))
        .args(["--binary", PROGRAM, "--to"])
        .arg(folder.path())
        .output();
    let bundle = said(made.unwrap());
    let unpacked = Command::new("tar")
        .args(["--extract", "--gzip", "--verbose", "--file"])
        .arg(bundle.trim())
        .current_dir(folder.path())
        .output();
    let files = said(unpacked.unwrap());
    let (name, _) = files.split_once('/').unwrap();
    let version = concat!("onepool-", env!("CARGO_PKG_VERSION"), "-");
    assert!(name.starts_with(version), "{name}");
    let files = files.lines().filter(|file| !file.ends_with('/'));
    let files = files.filter_map(|file| file.strip_prefix(&format!("{name}/")));
    // A page of the manual for each command, which nobody wants to read the names of.
    let files = files.map(|file| match file.split_once('/') {
        Some(("manual", _)) => "manual/".to_owned(),
        _ => file.to_owned(),
    });
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    assert_eq!(
        files.collect::<BTreeSet<_>>(),
        listed(&readme, "The bundle holds")
    );
    let program = folder.path().join(name).join("onepool");
    let version = said(Command::new(program).arg("--version").output().unwrap());
    assert_eq!(
        version.trim(),
        concat!("onepool ", env!("CARGO_PKG_VERSION"))
    );
    let sum = Command::new("sha256sum")
        .args(["--check", &format!("{name}.tar.gz.sha256")])
        .current_dir(folder.path())
        .output();
    said(sum.unwrap());
}

#[test]
fn each_shell_completes_the_commands() {
    for (shell, mark) in [
        ("bash", "complete -F _onepool"),
        ("zsh", "#compdef onepool"),
        ("fish", "complete -c onepool"),
    ] {
        let script = said(
            Command::new(PROGRAM)
                .args(["completions", shell])
                .output()
                .unwrap(),
        );
        for part in [mark, "statements", "max-connections"] {
            assert!(script.contains(part), "{shell}: {part}");
        }
    }
    let bash = "eval \"$($PROGRAM completions bash)\"; COMP_WORDS=(onepool pau); COMP_CWORD=1; \
                _onepool onepool pau onepool; echo \"${COMPREPLY[@]}\"";
    let completed = Command::new("bash")
        .args(["-c", bash])
        .env("PROGRAM", PROGRAM)
        .output();
    assert_eq!(said(completed.unwrap()), "pause\n");
}

#[test]
fn the_manual_has_a_page_for_each_command() {
    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().join("new");
    said(
        Command::new(PROGRAM)
            .arg("manual")
            .arg(&pages)
            .output()
            .unwrap(),
    );
    for (page, says) in [
        ("onepool.1", "onepool\\-kill(1)"),
        ("onepool-kill.1", "statement\\-7.33"),
    ] {
        let text = fs::read_to_string(pages.join(page)).unwrap();
        assert!(text.contains(says), "{page}: {text}");
    }
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let output = Command::new(PROGRAM)
        .arg("manual")
        .arg(&file)
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(
        error.contains("cannot write to ") && !output.status.success(),
        "{error}"
    );
}
