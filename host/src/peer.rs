//! Who is at the other end, according to the operating system.
//!
//! On Unix the host admits processes of its own effective user and of the users that it was told
//! to allow; root has no special place among them. On Linux the process of a launched plugin must
//! also be the child itself or a descendant of it. A descendant whose parent has ended belongs to
//! `init` and is not recognized any more, and a process id may be used again: this keeps honest
//! processes from using each other's tokens, it does not stop the host's own user. A process in
//! another PID namespace has no id here and is refused.
//!
//! On Windows the pipe's default security descriptor lets in the host's user and administrators.
//! Neither there nor on other Unix systems is the process checked.

use std::io;

use interprocess::local_socket::tokio::Stream;
use interprocess::local_socket::traits::StreamCommon;
use onepool_proto::{Code, Failure};

/// How far up its ancestors a process is followed.
#[cfg(target_os = "linux")]
const MAX_ANCESTORS: usize = 64;

/// What the operating system says of a peer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Peer {
    uid: Option<u32>,
    pid: Option<u32>,
}

impl Peer {
    /// The peer of this stream, as it was when it connected.
    pub(crate) fn of(stream: &Stream) -> io::Result<Self> {
        let credentials = stream.peer_creds()?;
        #[cfg(unix)]
        let (uid, pid) = (
            credentials.euid(),
            credentials.pid().and_then(|pid| u32::try_from(pid).ok()),
        );
        #[cfg(not(unix))]
        let (uid, pid) = (None, credentials.pid());
        Ok(Self { uid, pid })
    }

    /// Whether this is the process `child` or, where that can be told, one that it started.
    pub(crate) fn is_of(self, child: u32) -> bool {
        #[cfg(target_os = "linux")]
        return self.pid.is_some_and(|pid| descends_from(pid, child));
        #[cfg(not(target_os = "linux"))]
        return self.pid == Some(child);
    }

    /// Whether this is the process `child` or one that it started, as far as this system can tell.
    ///
    /// # Errors
    /// [`Code::PEER_REFUSED`] if it is not.
    pub(crate) fn check_descends_from(self, child: u32) -> Result<(), Failure> {
        #[cfg(target_os = "linux")]
        if !self.is_of(child) {
            return Err(Failure::new(
                Code::PEER_REFUSED,
                format!(
                    "the token was issued to process {child}, and the peer is neither it nor \
                     started by it"
                ),
            ));
        }
        let _ = child;
        Ok(())
    }
}

/// Which users may connect.
#[derive(Clone, Debug)]
pub(crate) struct AllowedUsers {
    /// The host's own and the listed ones; `None` where users have no numbers.
    uids: Option<Vec<u32>>,
}

impl AllowedUsers {
    /// The host's own user and these.
    #[cfg(unix)]
    pub(crate) fn new(listed: &[u32]) -> Self {
        let own = rustix::process::geteuid().as_raw();
        Self {
            uids: Some(listed.iter().copied().chain([own]).collect()),
        }
    }

    /// Whom the operating system lets in.
    #[cfg(not(unix))]
    pub(crate) fn new(_listed: &[u32]) -> Self {
        Self { uids: None }
    }

    /// Whether the processes of this user may connect.
    pub(crate) fn include(&self, uid: u32) -> bool {
        self.uids.as_ref().is_none_or(|uids| uids.contains(&uid))
    }

    /// Whether the peer is one of them.
    ///
    /// # Errors
    /// [`Code::PEER_REFUSED`] if it is not.
    pub(crate) fn check(&self, peer: Peer) -> Result<(), Failure> {
        let Some(uids) = &self.uids else {
            return Ok(());
        };
        match peer.uid {
            Some(uid) if uids.contains(&uid) => Ok(()),
            Some(uid) => Err(Failure::new(
                Code::PEER_REFUSED,
                format!(
                    "user {uid} may not connect; run the plugin as the host's user, or allow its \
                     user in the host's configuration"
                ),
            )),
            None => Err(Failure::new(
                Code::PEER_REFUSED,
                "the operating system does not say which user connects",
            )),
        }
    }
}

#[cfg(target_os = "linux")]
fn descends_from(mut pid: u32, ancestor: u32) -> bool {
    for _ in 0..MAX_ANCESTORS {
        if pid == ancestor {
            return true;
        }
        match parent_of(pid) {
            Some(parent) => pid = parent,
            None => return false,
        }
    }
    false
}

/// The parent of a process. The name of the program, in parentheses, may hold anything, so what
/// follows the last one counts: the state, and then the parent.
#[cfg(target_os = "linux")]
fn parent_of(pid: u32) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = stat.rsplit_once(')')?;
    rest.split_ascii_whitespace().nth(1)?.parse().ok()
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn the_hosts_user_and_listed_ones_may_connect() {
        let own = rustix::process::geteuid().as_raw();
        let users = AllowedUsers::new(&[own + 1]);
        let peer = |uid| Peer { uid, pid: None };
        assert_eq!(users.check(peer(Some(own))), Ok(()));
        assert_eq!(users.check(peer(Some(own + 1))), Ok(()));
        let failure = users.check(peer(Some(own + 2))).unwrap_err();
        assert_eq!(failure.code, Code::PEER_REFUSED);
        assert_eq!(
            users.check(peer(None)).unwrap_err().code,
            Code::PEER_REFUSED
        );
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_process_descends_from_itself_and_its_ancestors_alone() {
        let own = std::process::id();
        let parent = rustix::process::getppid().unwrap().as_raw_nonzero().get() as u32;
        assert!(descends_from(own, own));
        assert!(descends_from(own, parent));
        assert!(!descends_from(parent, own));
        assert!(!descends_from(u32::MAX, own));
    }
}
