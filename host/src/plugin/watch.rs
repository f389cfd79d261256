//! Watches one run of a plugin from its launch to its end.

use std::process::ExitStatus;
use std::time::Duration;

use onepool_proto::{Code, Failure};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::definition::Plugin;
use super::diagnosis::{self, LastWords, StartFailure};
use super::process::{Launcher, Process};
use super::status::PluginState;
use super::supervisor::{Command, Reply};
use crate::transport::Parting;

/// How long the last output of a plugin that has ended is waited for. Whoever inherited its
/// output may keep it open for ever.
const LAST_OUTPUT_TIMEOUT: Duration = Duration::from_secs(1);

/// What a run is watched with.
#[derive(Debug)]
pub(super) struct Watched<'a> {
    pub(super) plugin: &'a Plugin,
    pub(super) launcher: &'a Launcher,
    pub(super) commands: &'a mut mpsc::Receiver<Command>,
    /// Those who wait until it is up.
    pub(super) waiting: &'a mut Vec<Reply>,
}

/// How a run went.
#[derive(Debug)]
pub(super) struct Ended {
    /// How the process ended, if the operating system says so.
    pub(super) status: Option<ExitStatus>,
    /// Why it did not come up, if it did not.
    pub(super) failure: Option<StartFailure>,
    /// Whether the host asked it to end.
    pub(super) asked: bool,
    /// What the supervisor was told meanwhile.
    pub(super) given: Vec<Command>,
}

/// How far the ending of a process has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    /// It may go on. Exits: `Asked`, `Signalled`, `Killed`.
    Unwanted,
    /// It has been told over its session. Exits: `Signalled`, `Killed`.
    Asked,
    /// It has been sent SIGTERM. Exit: `Killed`.
    Signalled,
    /// Nothing more can be done.
    Killed,
}

/// What happens to a running plugin.
#[derive(Debug)]
enum Event {
    Exited(Option<ExitStatus>),
    Entered,
    /// The time for the handshake, or for a step of the ending, is over.
    Overdue,
    HostStops,
    KillAll,
    Ordered(Command),
}

/// One run of a plugin.
#[derive(Debug)]
struct Watch<'a> {
    of: Watched<'a>,
    process: Process,
    ending: Ending,
    /// When the handshake or the step of the ending must be done.
    due: Option<Instant>,
    entered: bool,
    late: bool,
    host_stops: bool,
    given: Vec<Command>,
}

impl<'a> Watched<'a> {
    /// Watches `process` until it has ended.
    pub(super) async fn run(self, process: Process) -> Ended {
        let due = Instant::now().checked_add(self.plugin.handshake_timeout);
        let mut watch = Watch {
            of: self,
            process,
            ending: Ending::Unwanted,
            due,
            entered: false,
            late: false,
            host_stops: false,
            given: Vec::new(),
        };
        loop {
            match watch.next().await {
                Event::Exited(status) => return watch.ended(status).await,
                event => watch.apply(event),
            }
        }
    }
}

impl Watch<'_> {
    async fn next(&mut self) -> Event {
        let Launcher {
            orders,
            registry,
            order,
            ..
        } = self.of.launcher;
        let host_stops = async {
            orders.terminate.cancelled().await;
            let dependents = order.dependents(&self.of.plugin.name);
            registry.have_ended(&dependents).await;
        };
        let overdue = async {
            match self.due {
                Some(due) => sleep_until(due).await,
                None => std::future::pending().await,
            }
        };
        let killed = self.ending == Ending::Killed;
        tokio::select! {
            status = self.process.child.wait() => Event::Exited(status.inspect_err(|error| {
                let plugin = &self.of.plugin.name;
                tracing::error!(plugin, %error, "the plugin cannot be waited for");
            }).ok()),
            _ = self.process.launch.entered.wait(), if !self.entered => Event::Entered,
            () = overdue => Event::Overdue,
            () = host_stops, if !self.host_stops => Event::HostStops,
            () = orders.kill.cancelled(), if !killed => Event::KillAll,
            Some(command) = self.of.commands.recv() => Event::Ordered(command),
        }
    }

    fn apply(&mut self, event: Event) {
        match event {
            Event::Exited(_) => {}
            Event::Entered => self.enter(),
            Event::Overdue => match self.ending {
                Ending::Unwanted => {
                    self.late = true;
                    self.kill("the plugin has not connected in time; killing it");
                }
                Ending::Asked => self.terminate(),
                Ending::Signalled => self.kill("the plugin did not end in time; killing it"),
                Ending::Killed => self.due = None,
            },
            Event::HostStops => {
                self.host_stops = true;
                self.end();
            }
            Event::KillAll => self.kill("the host does not wait any longer; killing the plugin"),
            Event::Ordered(command) => {
                self.given.push(command);
                self.end();
            }
        }
    }

    fn enter(&mut self) {
        self.entered = true;
        if self.ending == Ending::Unwanted {
            self.due = None;
        }
        let Watched {
            plugin, launcher, ..
        } = &self.of;
        tracing::info!(plugin = plugin.name, "plugin connected");
        launcher
            .registry
            .set_state(&plugin.name, PluginState::Running, None);
        for reply in self.of.waiting.drain(..) {
            // Whoever asked may have gone.
            let _ = reply.send(Ok(()));
        }
    }

    /// Begins to end it, in order.
    fn end(&mut self) {
        if self.ending != Ending::Unwanted {
            return;
        }
        if self.of.launcher.roster.ask_to_end(self.process.launch.id) {
            self.ending = Ending::Asked;
            self.due = Instant::now().checked_add(self.of.plugin.stop_graces.message);
        } else {
            self.terminate();
        }
    }

    fn terminate(&mut self) {
        self.ending = Ending::Signalled;
        self.due = Instant::now().checked_add(self.of.plugin.stop_graces.signal);
        self.process.terminate(&self.of.launcher.roster);
    }

    fn kill(&mut self, why: &'static str) {
        tracing::warn!(plugin = self.of.plugin.name, "{why}");
        self.ending = Ending::Killed;
        self.due = None;
        self.process.kill();
    }

    async fn ended(mut self, status: Option<ExitStatus>) -> Ended {
        let Watched {
            plugin, launcher, ..
        } = self.of;
        let launch = &self.process.launch;
        launcher.registry.revoke(launch.id);
        // The process's own sessions end by themselves; this is for those it left to others.
        let failure = Failure::new(Code::SESSION_LOST, "the plugin's process has ended");
        launcher
            .roster
            .part_launch(launch.id, &Parting::Now(failure));
        let logging = async { while self.process.logging.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(LAST_OUTPUT_TIMEOUT, logging).await;
        let last_lines = self.process.last_lines.read();
        let asked = self.host_stops || !self.given.is_empty();
        let refusal = launch.refusal.get().cloned();
        let failure = match refusal {
            _ if launch.has_entered() => None,
            Some(refusal) => Some(StartFailure::Refused(refusal)),
            None if self.late => Some(StartFailure::Late {
                after: plugin.handshake_timeout,
                last_lines: LastWords(last_lines),
            }),
            None if asked => Some(StartFailure::Stopped),
            None => Some(diagnosis::of_end(plugin, status, last_lines)),
        };
        if launch.has_entered() && !self.entered {
            self.enter();
        }
        Ended {
            status,
            failure,
            asked,
            given: self.given,
        }
    }
}
