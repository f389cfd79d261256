//! Starts processes from one thread that lives as long as the host.
//!
//! Linux can end a child when its parent dies, but means by parent the *thread* that started it.
//! Threads of the async runtime come and go, so children are started from a thread of their own.

use std::io;
use std::sync::mpsc;
use std::thread::JoinHandle;

use tokio::process::{Child, Command};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::definition::OnHostDeath;

struct Order {
    command: Command,
    reply: oneshot::Sender<io::Result<Child>>,
}

/// The thread that starts processes. Dropping it ends the thread, and on Linux with it every
/// process that it started and that still runs.
#[derive(Debug)]
pub(crate) struct Spawner {
    // Invariant: both are there until the drop.
    orders: Option<mpsc::Sender<Order>>,
    thread: Option<JoinHandle<()>>,
}

impl Spawner {
    /// Starts the thread, on the current runtime.
    pub(crate) fn start() -> io::Result<Self> {
        let (orders, inbox) = mpsc::channel::<Order>();
        let runtime = Handle::current();
        let thread = std::thread::Builder::new()
            .name("onepool-spawner".to_owned())
            .spawn(move || {
                let _runtime = runtime.enter();
                while let Ok(mut order) = inbox.recv() {
                    // If nobody waits for the child any more, dropping it ends it.
                    let _ = order.reply.send(order.command.spawn());
                }
            })?;
        Ok(Self {
            orders: Some(orders),
            thread: Some(thread),
        })
    }

    /// Starts a process that ends when the host stops or drops it, and on Linux also when the host
    /// dies, unless it is to survive that.
    pub(super) async fn spawn(
        &self,
        mut command: Command,
        on_host_death: OnHostDeath,
    ) -> io::Result<Child> {
        command.kill_on_drop(true);
        if on_host_death == OnHostDeath::Exit {
            die_with_this_process(&mut command);
        }
        let (reply, answer) = oneshot::channel();
        let order = Order { command, reply };
        let orders = self.orders.as_ref();
        if orders.is_none_or(|orders| orders.send(order).is_err()) {
            return Err(ended());
        }
        answer.await.unwrap_or_else(|_| Err(ended()))
    }
}

fn ended() -> io::Error {
    io::Error::other("the thread that starts plugins has ended")
}

impl Drop for Spawner {
    fn drop(&mut self) {
        self.orders = None;
        if let Some(thread) = self.thread.take() {
            // It is at most in the middle of starting one process.
            let _ = thread.join();
        }
    }
}

#[cfg(target_os = "linux")]
fn die_with_this_process(command: &mut Command) {
    super::death_signal::set(command);
}

/// Elsewhere there is no such signal: a plugin whose host was killed notices that its session has
/// ended.
#[cfg(not(target_os = "linux"))]
fn die_with_this_process(_command: &mut Command) {}
