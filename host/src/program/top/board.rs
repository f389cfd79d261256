//! What is shown, and which of it is selected.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use onepool_host::admin::{PluginView, Status};
use onepool_host::{LeaseInfo, Pace, PluginPace, StatementInfo, StatementState, Target};

use super::source::Look;

/// What is shown.
#[derive(Default)]
pub(super) struct Board {
    pub(super) status: Option<Status>,
    /// Why the host does not answer, if it does not, and how old is what is shown.
    pub(super) lost: Option<(String, Duration)>,
    plugins: Vec<PluginRow>,
    statements: Vec<StatementInfo>,
    left_out: usize,
    leases: Vec<LeaseInfo>,
    pace: Pace,
    looked_at: Option<Instant>,
    pub(super) panel: Panel,
    pub(super) order: Order,
    /// What names and texts must contain to be shown.
    pub(super) filter: String,
    /// Which row of the panel, from 0.
    row: usize,
    /// What that row stands for. The selection stays with it when others come and go.
    chosen: Option<Target>,
    pub(super) mode: Mode,
    /// What came of the last key.
    pub(super) note: String,
}

/// A plugin.
pub(super) struct PluginRow {
    pub(super) view: PluginView,
    pub(super) pace: PluginPace,
    /// Whether an operator holds it back, by itself or with all others.
    pub(super) paused: bool,
    /// Calls that wait.
    pub(super) waiting: usize,
    /// Connections that it has.
    pub(super) leased: usize,
}

/// Which list the keys are for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Panel {
    #[default]
    Plugins,
    Statements,
    Leases,
}

/// How plugins are sorted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Order {
    #[default]
    Name,
    Queue,
    Calls,
    Wait,
    Execution,
    Errors,
}

/// What keys mean.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Mode {
    /// Keys are commands.
    #[default]
    Watch,
    /// Keys are the filter's letters.
    Filter,
    /// The next key says whether this is ended.
    Confirm(Target),
}

impl Panel {
    pub(super) fn next(self) -> Self {
        match self {
            Self::Plugins => Self::Statements,
            Self::Statements => Self::Leases,
            Self::Leases => Self::Plugins,
        }
    }
}

impl Order {
    pub(super) fn next(self) -> Self {
        match self {
            Self::Name => Self::Queue,
            Self::Queue => Self::Calls,
            Self::Calls => Self::Wait,
            Self::Wait => Self::Execution,
            Self::Execution => Self::Errors,
            Self::Errors => Self::Name,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Queue => "queue",
            Self::Calls => "calls",
            Self::Wait => "wait",
            Self::Execution => "run",
            Self::Errors => "errors",
        }
    }
}

impl Board {
    /// Takes what the host says now.
    pub(super) fn update(&mut self, look: Look) {
        if self.lost.take().is_some() {
            // It may be another one, which counts from the beginning.
            self.pace = Pace::default();
        }
        let mut paces = self.pace.next(look.at, look.activity);
        let mut waiting: BTreeMap<_, usize> = BTreeMap::new();
        for statement in &look.statements {
            if statement.state == StatementState::Waiting {
                *waiting.entry(statement.plugin.clone()).or_default() += 1;
            }
        }
        let row = |view: PluginView| PluginRow {
            pace: paces.remove(&view.name).unwrap_or_default(),
            paused: look.status.paused || look.status.paused_plugins.contains(&view.name),
            waiting: waiting.get(&view.name).copied().unwrap_or(0),
            leased: look
                .leases
                .iter()
                .filter(|lease| lease.plugin == view.name)
                .count(),
            view,
        };
        self.plugins = look.plugins.into_iter().map(row).collect();
        self.statements = look.statements;
        self.left_out = look.left_out;
        self.leases = look.leases;
        self.status = Some(look.status);
        self.looked_at = Some(look.at);
        self.settle();
    }

    /// The host does not answer.
    pub(super) fn lose(&mut self, why: String, now: Instant) {
        let age = self.looked_at.map(|at| now.saturating_duration_since(at));
        self.lost = Some((why, age.unwrap_or_default()));
    }

    /// What came of the last key.
    pub(super) fn note(&mut self, note: String) {
        self.note = note;
    }

    /// The plugins that pass the filter, sorted.
    pub(super) fn plugins(&self) -> Vec<&PluginRow> {
        let passes = |row: &&PluginRow| self.passes([&*row.view.name, row.view.state.in_words()]);
        let mut rows: Vec<_> = self.plugins.iter().filter(passes).collect();
        let most = |one: f64, other: f64| other.total_cmp(&one);
        rows.sort_by(|one, other| {
            let (a, b) = (&one.pace, &other.pace);
            let sorted = match self.order {
                Order::Name => std::cmp::Ordering::Equal,
                Order::Queue => other.waiting.cmp(&one.waiting),
                Order::Calls => most(a.calls, b.calls),
                Order::Wait => most(a.wait.p99.unwrap_or(0.0), b.wait.p99.unwrap_or(0.0)),
                Order::Execution => most(
                    a.execution.p99.unwrap_or(0.0),
                    b.execution.p99.unwrap_or(0.0),
                ),
                Order::Errors => b.errors.cmp(&a.errors),
            };
            sorted.then_with(|| one.view.name.cmp(&other.view.name))
        });
        rows
    }

    /// The statements that pass the filter: those that run, and then those that wait.
    pub(super) fn statements(&self) -> Vec<&StatementInfo> {
        let passes = |row: &&StatementInfo| {
            let database = row.database.as_deref().unwrap_or_default();
            self.passes([&*row.plugin, database, &*row.text])
        };
        self.statements.iter().filter(passes).collect()
    }

    /// The leases that pass the filter, those held longest first.
    pub(super) fn leases(&self) -> Vec<&LeaseInfo> {
        let passes = |row: &&LeaseInfo| {
            let (database, text) = (row.database.as_deref(), row.statement.as_deref());
            self.passes([
                &*row.plugin,
                database.unwrap_or_default(),
                text.unwrap_or_default(),
            ])
        };
        self.leases.iter().filter(passes).collect()
    }

    /// How many there are in a panel, whatever the filter says.
    pub(super) fn count(&self, panel: Panel) -> usize {
        match panel {
            Panel::Plugins => self.plugins.len(),
            Panel::Statements => self.statements.len() + self.left_out,
            Panel::Leases => self.leases.len(),
        }
    }

    /// How long whoever waits longest has waited, whatever the filter says.
    pub(super) fn longest_wait(&self) -> Option<Duration> {
        let waits = self.statements.iter();
        let waits = waits.filter(|row| row.state == StatementState::Waiting);
        waits.map(|row| row.waited).max()
    }

    fn passes<const N: usize>(&self, texts: [&str; N]) -> bool {
        let filter = self.filter.to_lowercase();
        let mut texts = texts.into_iter();
        texts.any(|text| text.to_lowercase().contains(&filter))
    }

    /// The statement of this name, if it is still there.
    pub(super) fn statement(&self, id: Target) -> Option<&StatementInfo> {
        self.statements.iter().find(|statement| statement.id == id)
    }

    /// The lease of this name, if it is still there.
    pub(super) fn lease(&self, id: Target) -> Option<&LeaseInfo> {
        self.leases.iter().find(|lease| lease.id == id)
    }

    /// The selected row of a panel, if the keys are for this one and it has any.
    pub(super) fn selected(&self, panel: Panel) -> Option<usize> {
        (self.panel == panel && self.rows() > 0).then_some(self.row)
    }

    /// Selects a row, or the last one if there are fewer.
    pub(super) fn select(&mut self, row: usize) {
        self.row = row;
        self.chosen = None;
        self.settle();
    }

    /// Finds what was selected among the rows as they are now.
    pub(super) fn settle(&mut self) {
        let targets = self.targets();
        let at = targets.iter().position(|id| Some(*id) == self.chosen);
        self.row = at.unwrap_or(self.row).min(self.rows().saturating_sub(1));
        self.chosen = targets.get(self.row).copied();
    }

    /// The rows of the panel that the keys are for.
    pub(super) fn rows(&self) -> usize {
        match self.panel {
            Panel::Plugins => self.plugins().len(),
            Panel::Statements => self.statements().len(),
            Panel::Leases => self.leases().len(),
        }
    }

    /// What they stand for, if they can be ended from here.
    fn targets(&self) -> Vec<Target> {
        match self.panel {
            Panel::Plugins => Vec::new(),
            Panel::Statements => self.statements().iter().map(|row| row.id).collect(),
            Panel::Leases => self.leases().iter().map(|row| row.id).collect(),
        }
    }

    /// What the selected row stands for, if it can be ended from here.
    pub(super) fn target(&self) -> Option<Target> {
        self.chosen
    }
}
