//! A plugin in a process of its own: this test binary once more, in a role.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

use super::serving::{ROLE, STAGE};

/// What the plugin's process runs. In the suite itself there is nothing to do.
#[test]
fn plays_its_role() {
    let (Ok(role), Some(stage)) = (std::env::var(ROLE), std::env::var_os(STAGE)) else {
        return;
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let pool = runtime.block_on(onepool_tests::exercise()).unwrap();
    if role == "busy" {
        runtime.spawn(onepool_tests::be_busy(pool.clone()));
    }
    let mut stage = UnixStream::connect(stage).unwrap();
    stage.write_all(b"done\n").unwrap();
    // Until the test has seen enough.
    let _ = stage.read(&mut [0]);
}
