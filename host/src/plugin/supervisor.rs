//! Keeps one plugin as it should be: launches it when it may be launched, and again when it has
//! ended, until it fails too often or the host stops.

use std::process::ExitStatus;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};

use super::definition::Plugin;
use super::diagnosis::StartFailure;
use super::process::Launcher;
use super::restart::{Failures, Restart, Verdict};
use super::status::PluginState;
use super::watch::{Ended, Watched};

/// Tells whether the plugin has come up.
pub(super) type Reply = oneshot::Sender<Result<(), StartFailure>>;

/// What a supervisor is told to do, by somebody who waits for it.
#[derive(Debug)]
pub(super) struct Command {
    pub(super) what: What,
    pub(super) reply: Reply,
}

/// What a supervisor is told to do.
#[derive(Debug)]
pub(super) enum What {
    /// End the plugin in order if it runs, and start it, whatever came before.
    Restart,
    /// The same, and it is another one from then on, of the same name.
    Replace(Box<Plugin>),
    /// End it in order if it runs, and supervise it no more.
    Remove,
}

/// What comes next in a plugin's life.
#[derive(Debug)]
enum Next {
    /// A launch, at once.
    Launch,
    /// A launch, after this long.
    Pause(Duration),
    /// Nothing, unless somebody wants it.
    Rest,
    /// The host's end.
    Over,
}

/// Supervises one plugin.
#[derive(Debug)]
pub(super) struct Supervisor {
    pub(super) plugin: Plugin,
    pub(super) launcher: Arc<Launcher>,
    pub(super) commands: mpsc::Receiver<Command>,
    /// Who wants to know whether the first launch has succeeded.
    pub(super) first: Option<Reply>,
    failures: Failures,
    /// Those who wait until it is up.
    waiting: Vec<Reply>,
    status: Option<ExitStatus>,
    /// Those who wait until it is no more.
    removing: Vec<Reply>,
}

impl Supervisor {
    pub(super) fn new(
        plugin: Plugin,
        launcher: Arc<Launcher>,
        commands: mpsc::Receiver<Command>,
        first: Reply,
    ) -> Self {
        let failures = Failures::new(plugin.restart_limits);
        Self {
            plugin,
            launcher,
            commands,
            first: Some(first),
            failures,
            waiting: Vec::new(),
            status: None,
            removing: Vec::new(),
        }
    }

    /// Supervises it until the host has stopped.
    pub(super) async fn run(mut self) {
        let mut next = self.take_turn().await;
        loop {
            next = match next {
                Next::Launch => self.launch().await,
                Next::Pause(delay) => self.idle(Some(delay)).await,
                Next::Rest => self.idle(None).await,
                Next::Over => break,
            };
        }
        self.answer(Err(StartFailure::Stopped));
        if self.removing.is_empty() {
            return self.set_state(PluginState::Exited(self.status), None);
        }
        let Self {
            plugin, launcher, ..
        } = &self;
        launcher.order.forget(&plugin.name);
        launcher.registry.forget(&plugin.name);
        tracing::info!(plugin = plugin.name, "the plugin is removed");
        for reply in self.removing.drain(..) {
            // Whoever asked may have gone.
            let _ = reply.send(Ok(()));
        }
    }

    /// Waits for those that it comes after.
    async fn take_turn(&mut self) -> Next {
        let after: Vec<_> = self.plugin.after.iter().cloned().collect();
        if after.is_empty() {
            return Next::Launch;
        }
        let problem = format!("waits for {}", after.join(", "));
        tracing::info!(plugin = self.plugin.name, "{problem}");
        self.set_state(PluginState::Waiting, Some(problem));
        let launcher = Arc::clone(&self.launcher);
        tokio::select! {
            () = launcher.registry.are_up(&after) => Next::Launch,
            next = self.idle(None) => next,
        }
    }

    /// One run, from its launch to its end.
    async fn launch(&mut self) -> Next {
        let launched = self.launcher.launch(&self.plugin).await;
        if let Some(first) = self.first.take() {
            // The host may have given up starting.
            let _ = first.send(launched.as_ref().map(|_| ()).map_err(Clone::clone));
        }
        let ended = match launched {
            Ok(process) => {
                let watched = Watched {
                    plugin: &self.plugin,
                    launcher: &self.launcher,
                    commands: &mut self.commands,
                    waiting: &mut self.waiting,
                };
                watched.run(process).await
            }
            Err(failure) => Ended {
                status: None,
                failure: Some(failure),
                asked: false,
                given: Vec::new(),
            },
        };
        self.conclude(ended)
    }

    /// Decides what comes after a run.
    fn conclude(&mut self, ended: Ended) -> Next {
        self.status = ended.status;
        let success = ended.status.is_some_and(|status| status.success());
        self.answer(match &ended.failure {
            Some(failure) if !success => Err(failure.clone()),
            _ => Ok(()),
        });
        let problem = problem(&ended);
        self.log(&ended, problem.as_deref());
        if let Some(next) = self.obey_all(ended.given) {
            self.set_state(PluginState::Restarting, problem);
            return next;
        }
        if ended.asked || self.launcher.orders.terminate.is_cancelled() {
            return Next::Over;
        }
        let luck = rand::random();
        let verdict = match self.plugin.restart {
            Restart::Always if success => Some(Verdict::Retry(self.failures.first_delay(luck))),
            Restart::OnFailure if success => None,
            Restart::Never => None,
            Restart::Always | Restart::OnFailure => Some(self.failures.count(Instant::now(), luck)),
        };
        self.follow(verdict, problem)
    }

    fn follow(&mut self, verdict: Option<Verdict>, problem: Option<String>) -> Next {
        let name = &self.plugin.name;
        match verdict {
            None => {
                self.set_state(PluginState::Exited(self.status), problem);
                Next::Rest
            }
            Some(Verdict::Retry(delay)) => {
                tracing::info!(plugin = name, ?delay, "the plugin is started again");
                self.set_state(PluginState::Restarting, problem);
                Next::Pause(delay)
            }
            Some(Verdict::GiveUp) => {
                let limits = self.plugin.restart_limits;
                tracing::error!(
                    plugin = name,
                    "the plugin has failed {} times within {:?} and is not started again; repair \
                     it, then restart it; the last time {}",
                    limits.failures.max(1),
                    limits.window,
                    problem.as_deref().unwrap_or("it failed"),
                );
                self.set_state(PluginState::GaveUp(self.status), problem);
                Next::Rest
            }
        }
    }

    /// Waits, for a while or for ever, until it is to be launched.
    async fn idle(&mut self, delay: Option<Duration>) -> Next {
        let pause = async {
            match delay {
                Some(delay) => tokio::time::sleep(delay).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = self.launcher.orders.terminate.cancelled() => Next::Over,
            () = pause => Next::Launch,
            Some(command) = self.commands.recv() => self.obey(command),
        }
    }

    /// What comes next after these orders, if there were any.
    fn obey_all(&mut self, commands: Vec<Command>) -> Option<Next> {
        let mut next = None;
        for command in commands {
            let ordered = self.obey(command);
            // What is removed is not launched again, whoever else asks.
            next = match next {
                Some(Next::Over) => Some(Next::Over),
                _ => Some(ordered),
            };
        }
        next
    }

    fn obey(&mut self, command: Command) -> Next {
        match command.what {
            What::Remove => {
                self.removing.push(command.reply);
                return Next::Over;
            }
            What::Replace(plugin) => {
                self.launcher.order.set(&plugin);
                self.failures = Failures::new(plugin.restart_limits);
                self.plugin = *plugin;
            }
            What::Restart => self.failures.forget(),
        }
        self.waiting.push(command.reply);
        Next::Launch
    }

    fn log(&self, ended: &Ended, problem: Option<&str>) {
        let plugin = &self.plugin.name;
        let status = ended.status.map(tracing::field::display);
        match problem {
            Some(problem) if !ended.asked => {
                tracing::warn!(plugin, status, "plugin ended: {problem}");
            }
            _ => tracing::info!(plugin, status, "plugin ended"),
        }
    }

    fn set_state(&self, state: PluginState, problem: Option<String>) {
        self.launcher
            .registry
            .set_state(&self.plugin.name, state, problem);
    }

    /// Tells those who wait for it to come up.
    fn answer(&mut self, result: Result<(), StartFailure>) {
        for reply in self.waiting.drain(..) {
            // Whoever asked may have gone.
            let _ = reply.send(result.clone());
        }
    }
}

/// What was wrong with a run, if anything was.
fn problem(ended: &Ended) -> Option<String> {
    match (&ended.failure, ended.status) {
        (_, Some(status)) if status.success() => None,
        (Some(failure), _) => Some(failure.to_string()),
        (None, Some(status)) => Some(format!("it ended: {status}")),
        (None, None) => Some("it ended, and nobody knows how".to_owned()),
    }
}
