//! What a scenario has seen, line by line, in words that do not depend on the driver.

use sqlx::Error;
use sqlx::error::DatabaseError;

use super::driver::Driver;
use super::known;

/// What a scenario has seen.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Transcript {
    lines: Vec<String>,
}

/// The longest line that is kept whole.
const LINE_BYTES: usize = 2000;

impl Transcript {
    pub fn add(&mut self, line: String) {
        // A long one is told apart by its length, its ends and a sum over all of it.
        let line = match line.len() {
            ..=LINE_BYTES => line,
            length => {
                let sum = line.bytes().fold(0_u64, |sum, byte| {
                    sum.wrapping_mul(31).wrapping_add(u64::from(byte))
                });
                let begin: String = line.chars().take(80).collect();
                format!("{begin}... ({length} bytes, sum {sum:x})")
            }
        };
        // Shown when the test fails, whether or not it gets as far as to compare.
        println!("{line}");
        self.lines.push(line);
    }

    /// Puts one word in place of another that differs from run to run, such as the database's name.
    pub fn replace(&mut self, from: &str, to: &str) {
        for line in &mut self.lines {
            *line = line.replace(from, to);
        }
    }

    /// Leaves out of which number a driver's prepared statement was: on another connection it is
    /// another.
    pub fn forget_statement_numbers(&mut self) {
        const NAME: &str = "sqlx_s_";
        for line in &mut self.lines {
            let mut pieces = line.split(NAME);
            let mut text = pieces.next().unwrap_or_default().to_owned();
            for piece in pieces {
                text.push_str(NAME);
                text.push_str(piece.trim_start_matches(|char: char| char.is_ascii_digit()));
            }
            *line = text;
        }
    }

    /// Fails where this transcript is not the `direct` driver's.
    #[track_caller]
    pub fn expect_same_as(&self, direct: &Self, who: &str) {
        assert!(!direct.lines.is_empty(), "the scenario wrote nothing down");
        let count = self.lines.len().max(direct.lines.len());
        let line = |transcript: &Self, at: usize| {
            transcript
                .lines
                .get(at)
                .map_or("(nothing)", String::as_str)
                .to_owned()
        };
        let differences: Vec<String> = (0..count)
            .map(|at| (line(direct, at), line(self, at)))
            .filter(|(direct, own)| direct != own && !known::is_more(direct, own))
            .map(|(direct, own)| format!("  direct:  {direct}\n  onepool: {own}"))
            .collect();
        assert!(
            differences.is_empty(),
            "{who} saw something else:\n{}",
            differences.join("\n\n")
        );
    }
}

/// An error, with every field that the driver gives.
pub fn error<DB: Driver>(error: &Error) -> String {
    match error {
        Error::Database(error) => database_error::<DB>(&**error),
        Error::ColumnDecode { index, .. } => format!("ColumnDecode index={index}"),
        Error::Decode(_) => "Decode".to_owned(),
        Error::Encode(_) => "Encode".to_owned(),
        // Those of sqlx itself say the same with every driver.
        other => format!("{}: {other}", variant(other)),
    }
}

fn database_error<DB: Driver>(error: &dyn DatabaseError) -> String {
    let violations = [
        ("unique", error.is_unique_violation()),
        ("foreign key", error.is_foreign_key_violation()),
        ("check", error.is_check_violation()),
    ];
    let violations: Vec<_> = violations
        .iter()
        .filter(|(_, is)| *is)
        .map(|(name, _)| *name)
        .collect();
    format!(
        "Database kind={:?} is={violations:?} code={:?} message={:?} constraint={:?} table={:?} \
         shown={:?}{}",
        error.kind(),
        error.code(),
        error.message(),
        error.constraint(),
        error.table(),
        error.to_string(),
        DB::fields(error),
    )
}

/// The name of the error's variant.
fn variant(error: &Error) -> String {
    let text = format!("{error:?}");
    let end = text
        .find(|char: char| !char.is_alphanumeric())
        .unwrap_or(text.len());
    text[..end].to_owned()
}
