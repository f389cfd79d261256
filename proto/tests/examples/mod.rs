//! One example at least of everything that crosses the wire.

pub mod handshake;
pub mod host;
pub mod plugin;
pub mod values;

use onepool_proto::service::BrokerRequest;

/// How many calls the service has.
pub const CALLS: usize = 13;

/// Which call a request is. A new call does not compile until it is named here.
pub fn call_name(request: &BrokerRequest) -> &'static str {
    match request {
        BrokerRequest::Echo { .. } => "echo",
        BrokerRequest::Execute { .. } => "execute",
        BrokerRequest::Fetch { .. } => "fetch",
        BrokerRequest::Batch { .. } => "batch",
        BrokerRequest::Prepare { .. } => "prepare",
        BrokerRequest::Begin { .. } => "begin",
        BrokerRequest::Finish { .. } => "finish",
        BrokerRequest::PingDatabase { .. } => "ping_database",
        BrokerRequest::Flush { .. } => "flush",
        BrokerRequest::MigrationLock { .. } => "migration_lock",
        BrokerRequest::Upload { .. } => "upload",
        BrokerRequest::Uploaded { .. } => "uploaded",
        BrokerRequest::AwaitShutdown { .. } => "await_shutdown",
    }
}
