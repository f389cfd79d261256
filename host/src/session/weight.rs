//! How much memory the calls of a session take that are not done yet.
//!
//! A call waits in its Connection's queue for as long as those before it take, also when nobody waits
//! for its answer any more. So what bounds the calls that are under way does not bound these.

use std::sync::atomic::{AtomicUsize, Ordering};

use onepool_proto::message::{Batch, Execute, Prepare, Sql};
use onepool_proto::value::{Scalar, ValueType};
use onepool_proto::{Code, Failure, Limits, Value, limits};

use super::operation::Task;

/// What a call takes besides what it carries: its place in the queue, and who waits for it.
const CALL_BYTES: usize = 1024;

/// What the calls of a session take together, and may take.
#[derive(Debug)]
pub(super) struct Load {
    bytes: AtomicUsize,
    most: usize,
}

impl Load {
    /// Room for two of the largest requests, and for as many small ones as may be under way.
    pub(super) fn new(limits: &Limits) -> Self {
        let largest = usize::try_from(limits.upload_bytes).unwrap_or(usize::MAX);
        let small = limits::CALLS as usize * CALL_BYTES * 2;
        Self {
            bytes: AtomicUsize::new(0),
            most: largest.saturating_mul(2).saturating_add(small),
        }
    }

    /// Takes a call on.
    ///
    /// # Errors
    /// [`Code::TOO_MANY_OBJECTS`] if the session's calls would take too much.
    pub(super) fn add(&self, weight: usize) -> Result<(), Failure> {
        let before = self.bytes.fetch_add(weight, Ordering::Relaxed);
        if before.saturating_add(weight) <= self.most {
            return Ok(());
        }
        self.remove(weight);
        Err(Failure::new(
            Code::TOO_MANY_OBJECTS,
            format!(
                "the calls of this session that are not done yet would take more than {} bytes \
                 together; let fewer of them wait at once",
                self.most
            ),
        ))
    }

    /// A call is done.
    pub(super) fn remove(&self, weight: usize) {
        self.bytes.fetch_sub(weight, Ordering::Relaxed);
    }
}

/// What a call takes.
pub(super) fn of(task: &Task) -> usize {
    CALL_BYTES
        + match task {
            Task::Execute(Execute { sql, arguments, .. }, _) => {
                text(sql) + arguments.as_deref().map_or(0, values)
            }
            Task::Batch(Batch { sql, sets, .. }, _) => {
                let set = |set: &Vec<Value>| size_of::<Vec<Value>>() + values(set);
                text(sql) + sets.iter().map(set).sum::<usize>()
            }
            Task::Prepare(
                Prepare {
                    sql, parameters, ..
                },
                _,
            ) => text(sql) + parameters.len() * size_of::<ValueType>(),
            _ => 0,
        }
}

fn text(sql: &Sql) -> usize {
    match sql {
        Sql::Text(sql) | Sql::Define(_, sql) => sql.len(),
        Sql::Known(_) => 0,
    }
}

fn values(values: &[Value]) -> usize {
    let value = |value: &Value| {
        let elements = match value {
            Value::Array(array) => array.elements.len(),
            _ => 0,
        };
        size_of::<Value>() + value.wire_bytes() + elements * size_of::<Option<Scalar>>()
    };
    values.iter().map(value).sum()
}
