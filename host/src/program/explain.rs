//! `onepool explain`: what error codes mean.

use std::fmt::Write;

use onepool_host::{Code, Explanation};

use super::{ProgramError, print};

/// Prints what the code means; without one, all codes.
pub(crate) fn run(code: Option<&str>) -> Result<(), ProgramError> {
    let text = match code {
        Some(code) => one(find(code)?),
        None => all(),
    };
    print(&text)
}

fn find(text: &str) -> Result<&'static Explanation, ProgramError> {
    let matches = |known: &&Explanation| match text.parse() {
        Ok(number) => known.code == Code::from_number(number),
        Err(_) => known.name.eq_ignore_ascii_case(text),
    };
    Code::all().find(matches).ok_or_else(|| {
        ProgramError::Usage(format!(
            "there is no error code {text}; `onepool explain` lists them"
        ))
    })
}

fn one(known: &Explanation) -> String {
    format!(
        "{} ({})\n  {}.\n  Advice: {}.\n",
        known.name,
        known.code.number(),
        known.meaning,
        known.advice
    )
}

fn all() -> String {
    let mut text = String::new();
    for known in Code::all() {
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "{:>4}  {:<20} {}",
            known.code.number(),
            known.name,
            known.meaning
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_found_by_number_and_by_name() {
        for text in ["300", "QUEUE_TIMEOUT", "queue_timeout"] {
            assert_eq!(find(text).unwrap().code, Code::QUEUE_TIMEOUT);
        }
        for text in ["0", "65536", "QUEUE", ""] {
            assert!(matches!(find(text), Err(ProgramError::Usage(_))), "{text}");
        }
    }

    #[test]
    fn every_code_is_listed_and_says_what_to_do() {
        let text = all();
        for known in Code::all() {
            assert!(text.contains(known.name));
            assert!(one(known).contains(known.advice));
        }
    }
}
