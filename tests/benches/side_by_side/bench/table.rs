//! What a run prints.

#![expect(clippy::print_stdout, reason = "what a bench has found is its output")]

use std::path::Path;

use crate::bench::contender::Contender;
use crate::bench::figure::{Figure, Figures, Key, Measure, median};
use crate::bench::must::{Bound, Must};
use crate::bench::order::Threads;
use crate::bench::report::Report;
use crate::bench::workload::Workload;

/// Prints what is known before anything is measured.
pub(crate) fn print_head(report: &Report) {
    let machine = &report.machine;
    println!(
        "{}, {} cores, {} MiB, {}, {}, {}",
        machine.processor,
        machine.cores,
        machine.memory_mib,
        machine.kernel,
        machine.rust,
        machine.commit
    );
    match report.threads {
        Threads::All => println!("clients: a thread for each core, as of #[tokio::main]"),
        Threads::One => println!("clients: one thread"),
    }
    match &report.without_pgbouncer {
        None => println!("PgBouncer: {}", report.pgbouncer_settings.join(", ")),
        Some(reason) => println!("without PgBouncer: {reason}"),
    }
}

/// Prints a table for each workload, and the verdict.
pub(crate) fn print(report: &Report) {
    println!("{}", report.versions.join(", "));
    let figures = Figures(&report.figures);
    let mut title = None;
    for figure in &report.figures {
        let of = (figure.mode, figure.database, figure.workload);
        if title != Some(of) {
            title = Some(of);
            print_title(figure);
        }
        print_figure(figures, figure);
    }
    println!("\nmusts");
    report.musts.iter().for_each(print_must);
}

/// Prints where something was written.
pub(crate) fn print_path(path: &Path) {
    println!("written: {}", path.display());
}

fn print_title(figure: &Figure) {
    println!(
        "\n{} on {:?}, {}\n{:<22}{:<18}{:>11}{:>11}{:>11}{:>8}{:>8}{:>9}{:>9}{:>9}{:>8}",
        figure.workload,
        figure.database,
        figure.mode,
        "",
        "",
        "p50 us",
        "p99 us",
        "calls/s",
        "p50 x",
        "rate x",
        "client",
        "broker",
        "database",
        "peak",
    );
}

fn print_figure(figures: Figures<'_>, figure: &Figure) {
    let head = format!("{:<22}{:<18}", figure.case, figure.contender);
    if let Some(error) = &figure.error {
        println!("{head}failed: {error}");
        return;
    }
    let middle =
        |field: fn(&Measure) -> Option<f64>| median(figure.rounds.iter().filter_map(field));
    let plain = |value: Option<f64>, digits: usize| {
        value.map_or("-".to_owned(), |value| format!("{value:.digits$}"))
    };
    println!(
        "{head}{:>11}{:>11}{:>11}{:>8}{:>8}{:>9}{:>9}{:>9}{:>8}{}",
        plain(middle(|one| Some(one.p50_us)), 1),
        plain(middle(|one| Some(one.p99_us)), 1),
        plain(middle(|one| Some(one.calls_per_s)), 0),
        plain(over_base(figures, figure, |one| one.p50_us), 2),
        plain(over_base(figures, figure, |one| one.calls_per_s), 2),
        plain(middle(|one| Some(one.client_cpu_us)), 1),
        plain(middle(|one| one.broker_cpu_us), 1),
        plain(middle(|one| one.database_cpu_us), 1),
        plain(
            middle(|one| one.broker_peak_kib.map(|kib| kib as f64 / 1024.0)),
            1
        ),
        memory(figure),
    );
}

fn memory(figure: &Figure) -> String {
    let middle =
        |field: fn(&Measure) -> Option<f64>| median(figure.rounds.iter().filter_map(field));
    let mut text = String::new();
    if let Some(kib) = middle(|one| one.grown_kib) {
        text.push_str(&format!("  the host grew by {:.1} MiB", kib / 1024.0));
    }
    if let Some(kib) = middle(|one| one.plugin_kib) {
        text.push_str(&format!("  {kib:.1} KiB a plugin"));
    }
    if let Some(kib) = middle(|one| one.connection_kib) {
        text.push_str(&format!("  {kib:.2} KiB a connection"));
    }
    text
}

/// The ratio to what the workload is compared with, in the same case and round.
fn over_base(figures: Figures<'_>, figure: &Figure, field: fn(&Measure) -> f64) -> Option<f64> {
    let contender = match figure.workload {
        Workload::Echo => Contender::Bare,
        Workload::Waiting => Contender::BouncerHeld,
        _ => Contender::Held,
    };
    let ours = Key {
        mode: figure.mode,
        database: figure.database,
        workload: figure.workload,
        case: &figure.case,
        contender: figure.contender,
    };
    let base = Key { contender, ..ours };
    figures.median_of([base, ours], |[base, ours]| field(ours) / field(base))
}

/// One that was not measured is left out: a quick run and one of a single workload have such.
fn print_must(must: &Must) {
    let bound = |bound| match bound {
        Bound::AtMost(value) => format!("<= {value}"),
        Bound::AtLeast(value) => format!(">= {value}"),
    };
    let (ratio, verdict) = match must.ratio {
        None => return,
        Some(ratio) if must.aim.holds(ratio) => (format!("{ratio:.2}"), "aim reached"),
        Some(ratio) if must.met => (format!("{ratio:.2}"), "met"),
        Some(ratio) => (format!("{ratio:.2}"), "UNMET"),
    };
    println!(
        "{:<84}{ratio:>8}   must {:<8} aim {:<8} {verdict}",
        must.name,
        bound(must.must),
        bound(must.aim)
    );
}
