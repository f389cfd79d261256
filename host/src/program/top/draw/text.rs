//! Texts and numbers as they fit into cells.

use std::time::Duration;

use onepool_host::Percentiles;
use ratatui::style::Style;
use ratatui::text::Span;

/// Cells that a text takes.
pub(super) fn width(text: &str) -> usize {
    Span::raw(text).width()
}

/// A text in so many cells, with a mark where it was cut.
pub(super) fn fit(text: &str, cells: usize) -> String {
    if width(text) <= cells {
        return text.to_owned();
    }
    let (mut shown, mut used) = (String::new(), 0);
    for letter in Span::raw(text).styled_graphemes(Style::new()) {
        used += width(letter.symbol);
        // The mark takes a cell.
        if used >= cells {
            break;
        }
        shown.push_str(letter.symbol);
    }
    if cells > 0 {
        shown.push('…');
    }
    shown
}

/// A text in lines of so many cells, and not more lines than these.
pub(super) fn wrapped(text: &str, cells: usize, lines: usize) -> Vec<String> {
    wrapped_at(" ", text, cells, 0, lines)
}

/// The same, with lines that end only at this mark, and of which all but the first are indented.
pub(super) fn wrapped_at(
    mark: &str,
    text: &str,
    cells: usize,
    indent: usize,
    lines: usize,
) -> Vec<String> {
    let mut wrapped: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in text.split_inclusive(mark) {
        if !line.trim().is_empty() && width(&line) + width(word.trim_end()) > cells {
            wrapped.push(std::mem::replace(&mut line, " ".repeat(indent)));
        }
        line.push_str(word);
    }
    wrapped.push(line);
    let cut = wrapped.len() > lines;
    wrapped.truncate(lines);
    if let Some(last) = wrapped.last_mut().filter(|_| cut) {
        last.truncate(last.trim_end().len());
        last.push('…');
    }
    wrapped
        .iter()
        .map(|line| fit(line.trim_end(), cells))
        .collect()
}

/// A share of what was measured, or a dash if nothing was.
pub(super) fn millis(of: Percentiles, which: impl Fn(Percentiles) -> Option<f64>) -> String {
    match which(of) {
        Some(millis) => span(Duration::from_secs_f64(millis / 1000.0)),
        None => "-".to_owned(),
    }
}

/// How often in a second.
pub(super) fn rate(times: f64) -> String {
    match times {
        ..99.95 => format!("{times:.1}"),
        ..999_999.5 => format!("{times:.0}"),
        _ => format!("{:.1}M", times / 1e6),
    }
}

/// A time as people read it, in six cells.
pub(super) fn span(time: Duration) -> String {
    let millis = time.as_secs_f64() * 1000.0;
    let seconds = time.as_secs();
    match millis {
        ..=0.0 => "0 ms".to_owned(),
        ..0.9995 => format!("{} µs", time.as_micros()),
        ..9.95 => format!("{millis:.1} ms"),
        ..999.5 => format!("{millis:.0} ms"),
        ..99_950.0 => format!("{:.1} s", millis / 1000.0),
        ..3_600_000.0 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        ..360_000_000.0 => format!("{}h{:02}m", seconds / 3600, seconds / 60 % 60),
        _ => format!("{} d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_their_unit_and_fit() {
        for (millis, said) in [
            (0.0, "0 ms"),
            (0.8504, "850 µs"),
            (0.9996, "1.0 ms"),
            (9.96, "10 ms"),
            (999.6, "1.0 s"),
            (99_940.0, "99.9 s"),
            (99_960.0, "1m39s"),
            (754_000.0, "12m34s"),
            (45_240_000.0, "12h34m"),
            (864_000_000.0, "10 d"),
        ] {
            let told = span(Duration::from_secs_f64(millis / 1000.0));
            assert_eq!(told, said, "{millis}");
            assert!(width(&told) <= 6, "{told}");
        }
    }

    #[test]
    fn rates_are_short() {
        for (times, said) in [
            (0.0, "0.0"),
            (99.96, "100"),
            (12_345.6, "12346"),
            (2.5e6, "2.5M"),
        ] {
            assert_eq!(rate(times), said);
        }
    }

    #[test]
    fn a_text_is_cut_where_its_cells_end() {
        assert_eq!(fit("SELECT 1", 8), "SELECT 1");
        assert_eq!(fit("SELECT 12", 8), "SELECT …");
        // Each of these takes two cells, so one is left over.
        assert_eq!(fit("数据库连接", 10), "数据库连接");
        assert_eq!(fit("数据库连接", 9), "数据库连…");
        assert_eq!(fit("数据库连接", 8), "数据库…");
        assert_eq!(fit("abc", 1), "…");
        assert_eq!(fit("abc", 0), "");
    }

    #[test]
    fn lines_break_between_words() {
        assert_eq!(wrapped("one two three", 20, 9), ["one two three"]);
        assert_eq!(wrapped("one two three", 9, 9), ["one two", "three"]);
        assert_eq!(wrapped("one two three four", 9, 1), ["one two…"]);
        assert_eq!(wrapped("incomprehensible", 6, 9), ["incom…"]);
        assert_eq!(wrapped("", 6, 9), [""]);
        let parts = wrapped_at(", ", "one two, three, four", 15, 2, 9);
        assert_eq!(parts, ["one two, three,", "  four"]);
    }
}
