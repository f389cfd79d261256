//! The plots of the documents.

use std::path::{Path, PathBuf};

use plotters::coord::Shift;
use plotters::prelude::*;

use crate::bench::contender::Contender;
use crate::bench::error::Result;
use crate::bench::figure::{Figures, Key, Measure, median};
use crate::bench::order::Dialect;
use crate::bench::plan::Mode;
use crate::bench::report::Report;
use crate::bench::workload::{PLOTTED, PLUGINS, PLUGINS_CONTENDERS, Workload, point_name};

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Field = fn(&Measure) -> f64;

const FONT: &str = "sans-serif";

/// Draws `docs/callers.svg` and `docs/plugins.svg`.
pub(crate) fn draw(report: &Report) -> Result<[PathBuf; 2]> {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    let docs = docs.canonicalize()?;
    let paths = [docs.join("callers.svg"), docs.join("plugins.svg")];
    let [callers, plugins] = &paths;
    draw_callers(report, callers)?;
    draw_plugins(report, plugins)?;
    Ok(paths)
}

fn draw_callers(report: &Report, path: &Path) -> Result<()> {
    let root = SVGBackend::new(path, (900, 430)).into_drawing_area();
    let body = head(&root, report, "One row by its key, PostgreSQL, one process")?;
    let halves = body.split_evenly((1, 2));
    let [left, right] = halves.as_slice() else {
        return Err("two halves are wanted".into());
    };
    lines(
        left,
        report,
        "calls per second",
        |one| one.calls_per_s,
        None,
    )?;
    // Where there is room: the more callers, the longer each waits.
    let names = Some(SeriesLabelPosition::UpperLeft);
    lines(
        right,
        report,
        "p99, in microseconds",
        |one| one.p99_us,
        names,
    )?;
    Ok(root.present()?)
}

/// One line for each contender, over the number of callers, and their names if there is a place for
/// them; both axes are logarithmic.
fn lines(
    area: &Area<'_>,
    report: &Report,
    title: &str,
    field: Field,
    names: Option<SeriesLabelPosition>,
) -> Result<()> {
    let line = |contender| -> Vec<(f64, f64)> {
        let at = |callers: &u32| {
            let value = value(report, &point_name(*callers), contender, field)?;
            Some((f64::from(*callers), value))
        };
        PLOTTED.iter().filter_map(at).collect()
    };
    let all: Vec<_> = Contender::ALL.map(|one| (one, line(one))).into();
    let values = all
        .iter()
        .flat_map(|(_, line)| line)
        .map(|(_, value)| *value);
    let (least, most) = values.fold((f64::MAX, 1.0), |(least, most): (f64, f64), value| {
        (least.min(value), most.max(value))
    });
    let mut chart = ChartBuilder::on(area)
        .caption(title, (FONT, 16))
        .margin(10)
        .x_label_area_size(36)
        .y_label_area_size(64)
        .build_cartesian_2d(
            (0.9..300.0)
                .log_scale()
                .base(2.0)
                .with_key_points(PLOTTED.map(f64::from).to_vec()),
            (least * 0.8..most * 1.3).log_scale(),
        )?;
    chart
        .configure_mesh()
        .light_line_style(WHITE)
        .x_desc("callers")
        .x_label_formatter(&|callers| format!("{callers:.0}"))
        .y_label_formatter(&|value| short(*value))
        .label_style((FONT, 13))
        .draw()?;
    for (contender, line) in all {
        let color = color(contender);
        let series = LineSeries::new(line, color.stroke_width(2)).point_size(3);
        chart
            .draw_series(series)?
            .label(contender.to_string())
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], color.stroke_width(3)));
    }
    if let Some(position) = names {
        chart
            .configure_series_labels()
            .position(position)
            .background_style(WHITE.mix(0.85))
            .label_font((FONT, 13))
            .draw()?;
    }
    Ok(())
}

fn draw_plugins(report: &Report, path: &Path) -> Result<()> {
    let root = SVGBackend::new(path, (900, 250)).into_drawing_area();
    let title = "15 plugin processes with 10 callers each, one row by its key, PostgreSQL";
    let body = head(&root, report, title)?;
    let panels: [(&str, Field); 3] = [
        ("database connections", |one| {
            f64::from(one.database_connections.unwrap_or_default())
        }),
        ("calls per second", |one| one.calls_per_s),
        ("p99, in milliseconds", |one| one.p99_us / 1000.0),
    ];
    for (area, (title, field)) in body.split_evenly((1, 3)).iter().zip(panels) {
        bars(area, report, title, field)?;
    }
    Ok(root.present()?)
}

/// A bar for each contender, with its name above it and its value behind it.
fn bars(area: &Area<'_>, report: &Report, title: &str, field: Field) -> Result<()> {
    const LEFT: i32 = 16;
    const HEIGHT: i32 = 18;
    const STEP: i32 = 50;
    const LONGEST: f64 = 200.0;
    area.draw(&Text::new(title.to_owned(), (LEFT, 4), (FONT, 16)))?;
    let values = PLUGINS_CONTENDERS.map(|one| (one, value(report, PLUGINS, one, field)));
    let most = values
        .iter()
        .filter_map(|(_, value)| *value)
        .fold(1e-9, f64::max);
    for (place, (contender, value)) in (0..).zip(values) {
        let name = match contender {
            Contender::Pooled => "a pool in each plugin",
            Contender::BouncerPooled => "the same, through PgBouncer",
            _ => "onepool",
        };
        let top = 34 + place * STEP;
        area.draw(&Text::new(name, (LEFT, top), (FONT, 13)))?;
        let value = value.ok_or("a bar has no value")?;
        let right = LEFT + (value / most * LONGEST) as i32;
        let bar = [(LEFT, top + 16), (right.max(LEFT + 1), top + 16 + HEIGHT)];
        area.draw(&Rectangle::new(bar, color(contender).filled()))?;
        let label = if value < 10.0 && value.fract() > 0.0 {
            format!("{value:.1}")
        } else {
            short(value)
        };
        area.draw(&Text::new(label, (right + 6, top + 18), (FONT, 14)))?;
    }
    Ok(())
}

/// The background, the title, and below it where and when; returns what is left.
fn head<'a>(root: &Area<'a>, report: &Report, title: &str) -> Result<Area<'a>> {
    root.fill(&WHITE)?;
    let machine = &report.machine;
    // Who packed them would not fit.
    let versions = report.versions.iter();
    let versions: Vec<_> = versions
        .filter_map(|version| version.split(" (").next())
        .collect();
    let where_and_when = format!(
        "{}, {} cores, {}; {}; the database admits 4 connections of PgBouncer and of onepool",
        machine.processor,
        machine.cores,
        machine.date,
        versions.join(", ")
    );
    root.draw(&Text::new(title.to_owned(), (16, 8), (FONT, 20)))?;
    root.draw(&Text::new(
        where_and_when,
        (16, 34),
        (FONT, 12).into_font().color(&RGBColor(90, 90, 90)),
    ))?;
    Ok(root.margin(56, 0, 0, 0))
}

fn value(report: &Report, case: &str, contender: Contender, field: Field) -> Option<f64> {
    let key = Key {
        mode: Mode::Free,
        database: Dialect::PostgreSQL,
        workload: Workload::Point,
        case,
        contender,
    };
    median(Figures(&report.figures).rounds(key).iter().map(field))
}

/// `12400` as `12.4k`, and `20000` as `20k`.
fn short(value: f64) -> String {
    if value >= 10_000.0 {
        let thousands = format!("{:.1}", value / 1000.0);
        let thousands = thousands.strip_suffix(".0").unwrap_or(&thousands);
        format!("{thousands}k")
    } else {
        format!("{value:.0}")
    }
}

/// Told apart by everybody (Okabe and Ito).
fn color(contender: Contender) -> RGBColor {
    match contender {
        Contender::Bare => BLACK,
        Contender::Held => RGBColor(120, 120, 120),
        Contender::Pooled => RGBColor(86, 180, 233),
        Contender::BouncerHeld => RGBColor(213, 94, 0),
        Contender::BouncerPooled => RGBColor(230, 159, 0),
        Contender::Onepool => RGBColor(0, 158, 115),
    }
}
