//! Starts private servers and tells where they are, until its standard input ends.
//!
//! For a look around (`cargo run -p onepool-tests --bin private-servers`), and for the tests that
//! kill it to see whether its servers end with it.
//!
//! Each line it prints is: the kind of server, its process id, its guard's process id, and the
//! superuser's URL.

#[cfg(unix)]
#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    use std::io::{Read, Write};

    for kind in onepool_tests::Kind::ALL {
        let server = kind.server().await;
        writeln!(
            std::io::stdout(),
            "{kind} {} {} {}",
            server.pid(),
            server.guard_pid(),
            server.admin_url()
        )?;
    }
    std::io::stdin().read_to_end(&mut Vec::new()).map(|_| ())
}

#[cfg(not(unix))]
fn main() {
    panic!("private servers need Unix sockets");
}
