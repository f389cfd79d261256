//! A child that is this program in a role.

use std::env;
use std::process::Stdio;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use crate::bench::error::Result;
use crate::bench::order::{Answer, ROLE, Role};

/// Nothing that one order asks for takes longer, unless it hangs.
const LIMIT: Duration = Duration::from_secs(120);

/// A child. It is killed when this is dropped.
pub(crate) struct Process {
    child: Child,
    orders: Option<ChildStdin>,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Process {
    pub(crate) async fn start(role: &Role) -> Result<Self> {
        let mut child = Command::new(env::current_exe()?)
            .env(ROLE, serde_json::to_string(role)?)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let (Some(orders), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            return Err("a child has no pipes".into());
        };
        Ok(Self {
            child,
            orders: Some(orders),
            answers: BufReader::new(answers).lines(),
        })
    }

    /// The process id; 0 if it has ended.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id().unwrap_or_default()
    }

    pub(crate) async fn say<T: Serialize>(&mut self, order: &T) -> Result<()> {
        let orders = self.orders.as_mut().ok_or("the child was dismissed")?;
        let mut line = serde_json::to_string(order)?;
        line.push('\n');
        orders.write_all(line.as_bytes()).await?;
        Ok(())
    }

    /// The answer to the last order.
    pub(crate) async fn hear<T: DeserializeOwned>(&mut self) -> Result<T> {
        let answer = timeout(LIMIT, self.hear_at_last());
        let answer: Answer<T> = answer.await.map_err(|_| "a child hangs")??;
        Ok(answer?)
    }

    /// What the child says next, however long it takes.
    pub(crate) async fn hear_at_last<T: DeserializeOwned>(&mut self) -> Result<T> {
        let line = self.answers.next_line().await?;
        let line = line.ok_or("a child ended before it had answered")?;
        Ok(serde_json::from_str(&line)?)
    }

    /// Dismisses the child, which then ends by itself.
    pub(crate) async fn end(mut self) -> Result<()> {
        self.orders = None;
        let status = timeout(LIMIT, self.child.wait());
        let status = status.await.map_err(|_| "a child does not end")??;
        if status.success() {
            Ok(())
        } else {
            Err(format!("a child ended: {status}").into())
        }
    }
}
