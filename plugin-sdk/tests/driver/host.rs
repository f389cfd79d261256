//! A host that answers from a script and records what it is asked.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use onepool_proto::handshake::{Token, Welcome};
use onepool_proto::id::{ConnectionId, Mint, SessionId};
use onepool_proto::memory::{Goodbye, MemoryDialer, MemoryLink};
use onepool_proto::message::{Effect, EffectKind, Execute};
use onepool_proto::service::{BrokerRequest, BrokerResponse};
use onepool_proto::{DatabaseKind, Limits};
use onepool_sdk::OnepoolConnectOptions;
use tarpc::{ClientMessage, Response};
use tokio::sync::Notify;

use crate::answers::success;

/// What the script says to a request.
pub enum Reply {
    Now(BrokerResponse),
    /// No answer, ever.
    Never,
    /// The session ends.
    HangUp,
}

type Script = Box<dyn Fn(&BrokerRequest) -> Option<Reply> + Send + Sync>;

/// What a plugin sent.
#[derive(Debug)]
pub enum Event {
    Call(BrokerRequest),
    Cancel,
}

/// A scripted host; clones share the recording.
#[derive(Clone)]
pub struct Host(Arc<Inner>);

struct Inner {
    kind: DatabaseKind,
    limits: Limits,
    script: Script,
    events: Mutex<Vec<Event>>,
    changed: Notify,
    sessions: Mutex<u32>,
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Host")
    }
}

impl Host {
    /// A host that answers everything with success and no rows.
    pub fn new() -> Self {
        Self::scripted(|_| None)
    }

    /// A host that answers what `script` says, and otherwise as [`new`](Self::new).
    pub fn scripted(
        script: impl Fn(&BrokerRequest) -> Option<Reply> + Send + Sync + 'static,
    ) -> Self {
        Self::with(DatabaseKind::Sqlite, Limits::default(), script)
    }

    pub fn with(
        kind: DatabaseKind,
        limits: Limits,
        script: impl Fn(&BrokerRequest) -> Option<Reply> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(Inner {
            kind,
            limits,
            script: Box::new(script),
            events: Mutex::default(),
            changed: Notify::new(),
            sessions: Mutex::default(),
        }))
    }

    /// Options that lead to this host without a socket.
    pub fn options(&self) -> OnepoolConnectOptions {
        let host = self.clone();
        OnepoolConnectOptions::over(MemoryDialer::new("scripted", move |_| {
            let (plugin, mut own) = tarpc::transport::channel::unbounded();
            let host = host.clone();
            let welcome = host.welcome("none");
            tokio::spawn(async move {
                while let Some(Ok(message)) = own.next().await {
                    match host.hear(message) {
                        Heard::Nothing => {}
                        Heard::HangUp => return,
                        Heard::Say(response) => own.send(response).await.unwrap(),
                    }
                }
            });
            Ok(MemoryLink {
                welcome,
                channel: plugin,
                goodbye: Goodbye::default(),
            })
        }))
    }

    /// Counts a new session.
    pub fn welcome(&self, next_token: &str) -> Welcome {
        *self.0.sessions.lock().unwrap() += 1;
        Welcome {
            version: 1,
            session: SessionId::mint(&Mint::new()),
            database: self.0.kind,
            limits: self.0.limits,
            features: 0,
            next_token: Token::new(next_token),
            replica: None,
        }
    }

    pub fn sessions(&self) -> u32 {
        *self.0.sessions.lock().unwrap()
    }

    /// Records `message` and says what the script answers.
    pub fn hear(&self, message: ClientMessage<BrokerRequest>) -> Heard {
        let (heard, event) = match message {
            ClientMessage::Request(request) => {
                let reply = (self.0.script)(&request.message)
                    .unwrap_or_else(|| Reply::Now(success(&request.message)));
                let heard = match reply {
                    Reply::Now(response) => Heard::Say(Response {
                        request_id: request.id,
                        message: Ok(response),
                    }),
                    Reply::Never => Heard::Nothing,
                    Reply::HangUp => Heard::HangUp,
                };
                (heard, Event::Call(request.message))
            }
            _ => (Heard::Nothing, Event::Cancel),
        };
        self.0.events.lock().unwrap().push(event);
        self.0.changed.notify_waiters();
        heard
    }

    /// Waits until what was recorded makes `look` find something.
    pub async fn wait_for<T>(&self, look: impl Fn(&[Event]) -> Option<T>) -> T {
        let waiting = async {
            loop {
                let changed = self.0.changed.notified();
                if let Some(found) = look(&self.0.events.lock().unwrap()) {
                    return found;
                }
                changed.await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), waiting)
            .await
            .unwrap_or_else(|_| panic!("only {:#?}", self.0.events.lock().unwrap()))
    }

    /// Looks at what was recorded so far.
    pub fn look<T>(&self, look: impl FnOnce(&[Event]) -> T) -> T {
        look(&self.0.events.lock().unwrap())
    }

    /// The names of the calls so far that a caller waits for, in order: all but flushes.
    pub fn calls(&self) -> Vec<String> {
        self.look(|events| {
            let names = events.iter().filter_map(|event| match event {
                Event::Call(BrokerRequest::Flush { .. }) | Event::Cancel => None,
                Event::Call(request) => Some(name(request)),
            });
            names.collect()
        })
    }

    /// The statements run so far.
    pub fn executed<T>(&self, of: impl Fn(&Execute) -> T) -> Vec<T> {
        self.look(|events| {
            let executes = events.iter().filter_map(|event| match event {
                Event::Call(BrokerRequest::Execute { call }) => Some(of(call)),
                _ => None,
            });
            executes.collect()
        })
    }

    /// All effects so far in the order in which they take effect, each once.
    pub fn effects(&self) -> Vec<EffectKind> {
        self.look(effects)
    }

    /// Waits for an effect.
    pub async fn wait_for_effect(&self, is_it: impl Fn(&EffectKind) -> bool) -> EffectKind {
        self.wait_for(|events| effects(events).into_iter().find(|kind| is_it(kind)))
            .await
    }
}

pub enum Heard {
    Nothing,
    Say(Response<BrokerResponse>),
    HangUp,
}

pub fn name(request: &BrokerRequest) -> String {
    use tarpc::RequestName;
    request.name().trim_start_matches("Broker.").to_owned()
}

/// The effects of one call on a Connection; flushes carry several.
pub fn carried(request: &BrokerRequest) -> Vec<Effect> {
    match request {
        BrokerRequest::Execute { call } => call.call.effects.clone(),
        BrokerRequest::Batch { call } => call.call.effects.clone(),
        BrokerRequest::Prepare { call } => call.call.effects.clone(),
        BrokerRequest::Begin { call } => call.call.effects.clone(),
        BrokerRequest::Finish { call } => call.call.effects.clone(),
        BrokerRequest::PingDatabase { call } => call.effects.clone(),
        BrokerRequest::MigrationLock { call } => call.call.effects.clone(),
        BrokerRequest::Flush { calls } => calls.iter().flat_map(|e| e.effects.clone()).collect(),
        _ => Vec::new(),
    }
}

fn effects(events: &[Event]) -> Vec<EffectKind> {
    let mut seen = std::collections::HashMap::new();
    let mut kinds = Vec::new();
    for event in events {
        let Event::Call(request) = event else {
            continue;
        };
        let mut take = |connection, effects: &[Effect]| {
            let last = seen.entry(connection).or_insert(0);
            for effect in effects {
                if effect.sequence > *last {
                    assert_eq!(effect.sequence, *last + 1, "a gap before {effect:?}");
                    *last = effect.sequence;
                    kinds.push(effect.kind.clone());
                }
            }
        };
        match request {
            BrokerRequest::Flush { calls } => {
                for call in calls {
                    take(call.connection, &call.effects);
                }
            }
            other => {
                if let Some(connection) = connection(other) {
                    take(connection, &carried(other));
                }
            }
        }
    }
    kinds
}

fn connection(request: &BrokerRequest) -> Option<ConnectionId> {
    Some(match request {
        BrokerRequest::Execute { call } => call.call.connection,
        BrokerRequest::Batch { call } => call.call.connection,
        BrokerRequest::Prepare { call } => call.call.connection,
        BrokerRequest::Begin { call } => call.call.connection,
        BrokerRequest::Finish { call } => call.call.connection,
        BrokerRequest::PingDatabase { call } => call.connection,
        BrokerRequest::MigrationLock { call } => call.call.connection,
        _ => return None,
    })
}
