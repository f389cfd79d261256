//! All that a run has found.

use std::env;
use std::fs;
use std::path::PathBuf;

use serde::Serialize;

use crate::bench::arguments::Arguments;
use crate::bench::error::Result;
use crate::bench::figure::{Figure, Figures};
use crate::bench::machine::Machine;
use crate::bench::mode::Found;
use crate::bench::must::{self, Must};
use crate::bench::order::Threads;
use crate::bench::pgbouncer;

/// What is written to `side_by_side.json`.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) machine: Machine,
    pub(crate) quick: bool,
    /// Of the runtime of each client.
    pub(crate) threads: Threads,
    pub(crate) versions: Vec<String>,
    pub(crate) pgbouncer_settings: Vec<&'static str>,
    /// Why PgBouncer is not among the contenders.
    pub(crate) without_pgbouncer: Option<String>,
    pub(crate) musts: Vec<Must>,
    pub(crate) figures: Vec<Figure>,
    /// How many connections the servers refused because somebody did not keep to a cap.
    pub(crate) refusals: usize,
}

impl Report {
    /// A report without figures yet.
    pub(crate) fn begin(arguments: &Arguments) -> Self {
        let (mut versions, mut without) = (Vec::new(), None);
        match pgbouncer::find() {
            Ok((_, version)) => versions.push(format!("PgBouncer {version}")),
            Err(error) => without = Some(error.to_string()),
        }
        Self {
            machine: Machine::here(),
            quick: arguments.quick,
            threads: arguments.threads,
            versions,
            pgbouncer_settings: pgbouncer::SETTINGS.to_vec(),
            without_pgbouncer: without,
            musts: Vec::new(),
            figures: Vec::new(),
            refusals: 0,
        }
    }

    /// Takes in what a mode has found.
    pub(crate) fn add(&mut self, found: Found) {
        self.figures.extend(found.figures);
        self.refusals += found.refusals;
        for version in found.versions {
            if !self.versions.contains(&version) {
                self.versions.push(version);
            }
        }
    }

    /// Compares the figures with what they must be.
    pub(crate) fn judge(&mut self) {
        self.musts = must::judge(Figures(&self.figures));
    }

    /// Whether everybody did what was asked, and within the cap; how fast is another question.
    ///
    /// # Errors
    /// Says how many did not.
    pub(crate) fn check(&self) -> Result<()> {
        let failed = self.figures.iter().filter(|figure| figure.error.is_some());
        match (failed.count(), self.refusals) {
            (0, 0) => Ok(()),
            (0, refusals) => Err(format!("the servers refused {refusals} connections").into()),
            (failed, _) => Err(format!("{failed} contenders failed; see the tables").into()),
        }
    }

    /// Writes everything down.
    pub(crate) fn write(&self) -> Result<PathBuf> {
        let path = target_folder()?.join("side_by_side.json");
        fs::write(&path, serde_json::to_string_pretty(self)?)?;
        Ok(path)
    }
}

/// The folder that Cargo builds into, which it marks with a file of this name.
fn target_folder() -> Result<PathBuf> {
    const MARK: &str = "CACHEDIR.TAG";
    let program = env::current_exe()?;
    let mut folders = program.ancestors();
    let folder = folders.find(|folder| folder.join(MARK).is_file());
    Ok(folder
        .ok_or("this program is not in Cargo's target folder")?
        .to_owned())
}
