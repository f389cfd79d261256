//! The host application: it owns the pool, launches the plugins, and asks its own questions
//! through the same pool.

use std::io::{Write, stdout};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use futures_util::future;
use indicatif::MultiProgress;
use onepool_host::{Host, PluginState};
use onepool_sdk::OnepoolPoolOptions;
use tempfile::TempDir;
use tokio::time;

use crate::cast::{self, Member};
use crate::checks;
use crate::error::DemoError;
use crate::log;
use crate::options::Options;
use crate::plugins::Figures;
use crate::progress::Progress;
use crate::report::Report;

/// The name under which the host application's own calls appear.
const OWN_NAME: &str = "demo";
/// Between two looks at the pool.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How much longer than their work plugins may take: to start, migrate, and report.
const SLACK: Duration = Duration::from_secs(120);

/// Runs the demo, prints its table and last line, and fails if something is not as it must be.
pub async fn run(options: &Options) -> Result<(), DemoError> {
    let bars = MultiProgress::new();
    log::start(&bars);
    let members = cast::members(options.plugins.get());
    // The database goes with the folder, so the folder outlives the host.
    let (url, _folder) = database(options)?;
    let program = std::env::current_exe().map_err(DemoError::Files)?;
    let mut builder = Host::builder()
        .database(url)
        .max_connections(options.cap.get());
    for member in &members {
        builder = builder.plugin(member.plugin(&program, options.seconds));
    }
    let host = builder.start().await?;
    let ended = tokio::select! {
        ended = watch_and_check(&host, &members, options, &bars) => ended,
        _ = tokio::signal::ctrl_c() => Err(DemoError::Interrupted),
    };
    host.stop().await;
    ended
}

/// The database's URL, and the folder of the file if it is a new one.
fn database(options: &Options) -> Result<(String, Option<TempDir>), DemoError> {
    if let Some(url) = &options.database {
        return Ok((url.clone(), None));
    }
    let folder = tempfile::Builder::new().prefix("onepool-demo-").tempdir();
    let folder = folder.map_err(DemoError::Files)?;
    let file: PathBuf = folder.path().join("demo.db");
    Ok((
        format!("sqlite://{}?mode=rwc", file.display()),
        Some(folder),
    ))
}

async fn watch_and_check(
    host: &Host,
    members: &[Member],
    options: &Options,
    bars: &MultiProgress,
) -> Result<(), DemoError> {
    let mut progress = Progress::start(bars, options.seconds.into());
    let mut complaints = watch(host, members, &mut progress, options.seconds.into()).await;
    progress.finish();

    // A plugin's figures are in the database, like everything that it did.
    let own = OnepoolPoolOptions::new()
        .connect_with(host.client(OWN_NAME).into())
        .await?;
    let mut reported = Vec::new();
    for member in members {
        match Figures::load(&own, &member.tables()).await {
            Ok(figures) => reported.push((member.clone(), figures)),
            Err(error) => complaints.push(format!("{}: no figures: {error}", member.name)),
        }
    }
    for (member, figures) in &reported {
        complaints.extend(checks::plugin(&own, member, figures).await?);
    }
    own.close().await;
    let pool = host.pool_stats();
    complaints.extend(checks::peak(&pool, options.cap.get()));
    let report = Report {
        members: reported,
        pool,
    };
    // Whoever closed standard output does not want to know.
    let _ = write!(stdout(), "{report}");
    if complaints.is_empty() {
        Ok(())
    } else {
        Err(DemoError::Checks(complaints))
    }
}

/// Shows progress until all plugins have ended; answers what was wrong with their ends.
async fn watch(
    host: &Host,
    members: &[Member],
    progress: &mut Progress,
    work: Duration,
) -> Vec<String> {
    let start = Instant::now();
    let ends = future::join_all(members.iter().map(|member| host.plugin_ended(&member.name)));
    let mut ends = std::pin::pin!(time::timeout(work + SLACK, ends));
    let mut tick = time::interval(LOOK_EVERY);
    let ends = loop {
        tokio::select! {
            ends = &mut ends => break ends,
            _ = tick.tick() => progress.show(start.elapsed(), &host.pool_stats(), running(host)),
        }
    };
    let Ok(ends) = ends else {
        return vec![format!("{} plugins did not end in time", running(host))];
    };
    let failed = members
        .iter()
        .zip(ends)
        .filter_map(|(member, end)| match end {
            Some(status) if status.success() => None,
            Some(status) => Some(format!(
                "{} failed: {status}; its log says why",
                member.name
            )),
            None => Some(format!("{} ended, and nobody knows how", member.name)),
        });
    failed.collect()
}

fn running(host: &Host) -> usize {
    let plugins = host.plugins();
    let runs = |state| matches!(state, PluginState::Starting | PluginState::Running);
    plugins.iter().filter(|plugin| runs(plugin.state)).count()
}
