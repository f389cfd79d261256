//! What a backend runs just now, for whoever asks. Its owner says so, and others look.

use std::sync::Arc;
use std::time::{Duration, Instant};

use onepool_proto::codec::Trace;
use parking_lot::Mutex;

use super::job::Text;
use crate::db::Brake;

/// What a backend runs. Noting it copies nothing: the text is there anyway.
#[derive(Debug, Default)]
pub(super) struct Activity(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// How many statements there were.
    number: u64,
    latest: Option<Statement>,
}

/// The statement that a backend runs, or ran last.
#[derive(Clone, Debug)]
pub(super) struct Statement {
    /// Which of the backend's it is; given when it begins.
    pub(super) number: u64,
    pub(super) said: Said,
    pub(super) since: Instant,
    /// When it had ended.
    pub(super) ended: Option<Instant>,
    /// How long it waited for the backend.
    pub(super) waited: Duration,
    /// In which trace it was asked for.
    pub(super) trace: Option<Trace>,
    /// Ends it before its time.
    pub(super) brake: Option<Brake>,
}

/// What is run.
#[derive(Clone, Debug)]
pub(super) enum Said {
    /// A statement of the plugin's.
    Text(Arc<Text>),
    /// A step of the host's own.
    Step(&'static str),
}

impl Said {
    pub(super) fn sql(&self) -> &str {
        match self {
            Self::Text(text) => &text.sql,
            Self::Step(step) => step,
        }
    }
}

impl Activity {
    /// A statement begins.
    pub(super) fn begin(&self, statement: Statement) {
        let mut state = self.0.lock();
        state.number += 1;
        let statement = Statement {
            number: state.number,
            ..statement
        };
        let before = state.latest.replace(statement);
        drop(state);
        drop(before);
    }

    /// It has ended.
    pub(super) fn end(&self, now: Instant) {
        if let Some(latest) = &mut self.0.lock().latest {
            latest.ended = Some(now);
        }
    }

    /// The statement that has ended, if it took as long as this.
    pub(super) fn slow(&self, from: Duration) -> Option<Statement> {
        let state = self.0.lock();
        let latest = state.latest.as_ref()?;
        let ran = latest.ended?.saturating_duration_since(latest.since);
        (ran + latest.waited >= from).then(|| latest.clone())
    }

    /// The statement that runs, or ran last.
    pub(super) fn latest(&self) -> Option<Statement> {
        self.0.lock().latest.clone()
    }
}
