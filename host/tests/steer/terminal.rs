//! A terminal as a person has it: a shell in tmux, which is typed to and looked at.

use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::serving::eventually;

/// A shell on a terminal. It is ended when dropped, with all that runs in it.
pub(crate) struct Terminal {
    /// Holds the socket of a tmux server that nobody else uses.
    folder: TempDir,
}

impl Terminal {
    /// A terminal of this size, whose shell is in this folder.
    pub(crate) async fn open(width: u16, height: u16, folder: &Path) -> Self {
        let own = tempfile::Builder::new().prefix("onepool-").tempdir();
        let terminal = Self {
            folder: own.unwrap(),
        };
        let (width, height) = (width.to_string(), height.to_string());
        let folder = folder.display().to_string();
        // Without anybody's configuration or history, and with a prompt that is known.
        let shell = "env -i PATH=\"$PATH\" TERM=\"$TERM\" LANG=C.UTF-8 PS1='ready> ' sh";
        terminal.tmux(&[
            "new-session",
            "-d",
            "-x",
            &width,
            "-y",
            &height,
            "-c",
            &folder,
            shell,
        ]);
        terminal.shows("ready>").await;
        terminal
    }

    fn tmux(&self, words: &[&str]) -> String {
        let output = self.try_tmux(words);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "tmux {words:?}: {error}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn try_tmux(&self, words: &[&str]) -> Output {
        Command::new("tmux")
            .args(["-u", "-f", "/dev/null", "-S"])
            .arg(self.folder.path().join("tmux"))
            .args(words)
            .env_remove("TMUX")
            .output()
            .expect("tmux is needed; scripts/test installs it")
    }

    /// Types a line.
    pub(crate) fn enters(&self, text: &str) {
        self.types(text);
        self.presses("Enter");
    }

    /// Types letters.
    pub(crate) fn types(&self, text: &str) {
        self.tmux(&["send-keys", "-l", text]);
    }

    /// Presses a key by tmux's name for it.
    pub(crate) fn presses(&self, key: &str) {
        self.tmux(&["send-keys", key]);
    }

    /// What a person sees now.
    pub(crate) fn screen(&self) -> String {
        self.tmux(&["capture-pane", "-p"])
    }

    /// What tmux knows of the terminal.
    pub(crate) fn state(&self, format: &str) -> String {
        self.tmux(&["display-message", "-p", format])
            .trim_end()
            .to_owned()
    }

    /// Waits until a person sees this, and returns the screen.
    pub(crate) async fn shows(&self, what: &str) -> String {
        self.comes_to(what, |screen| screen.contains(what)).await
    }

    /// Waits until the screen is like this, and returns it.
    pub(crate) async fn comes_to(&self, what: &str, is: impl Fn(&str) -> bool) -> String {
        let mut screen = String::new();
        let mut seen = String::new();
        eventually(&format!("a screen with {what}"), async || {
            screen = self.screen();
            if screen != seen {
                // Shown where the test fails.
                eprintln!("{screen}");
                seen.clone_from(&screen);
            }
            is(&screen)
        })
        .await;
        screen
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It may have ended with its shell.
        let _ = self.try_tmux(&["kill-server"]);
    }
}
