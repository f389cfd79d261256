//! Who may ask for what on the admin socket.

use std::fmt;

use super::message::Request;

/// Who is at the other end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer {
    pub(super) uid: u32,
    pub(super) gid: u32,
    pub(super) pid: Option<i32>,
}

/// What a peer may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    /// See how the host is doing.
    Reader,
    /// Steer it.
    Operator,
}

/// The groups whose members may come in, by number, beside the host's user and root.
#[derive(Clone, Debug, Default)]
pub(super) struct Access {
    pub(super) operators: Vec<u32>,
    pub(super) readers: Vec<u32>,
}

impl Access {
    /// Whether nobody may come in but the host's user and root.
    pub(super) fn is_private(&self) -> bool {
        self.operators.is_empty() && self.readers.is_empty()
    }

    /// What this peer may do.
    ///
    /// # Errors
    /// Why it may do nothing.
    pub(super) fn role(&self, peer: Peer, own: u32) -> Result<Role, String> {
        const ROOT: u32 = 0;
        if [own, ROOT].contains(&peer.uid) {
            return Ok(Role::Operator);
        }
        let groups = if self.is_private() {
            Vec::new()
        } else {
            groups_of(peer)
        };
        let any = |listed: &[u32]| groups.iter().any(|group| listed.contains(group));
        if any(&self.operators) {
            return Ok(Role::Operator);
        }
        if any(&self.readers) {
            return Ok(Role::Reader);
        }
        Err(format!(
            "user {} may not steer this host, which runs as user {own}; become that user, or root, \
             or a member of a group that [admin] lists",
            peer.uid
        ))
    }
}

impl Role {
    /// Refuses what is not for this role.
    ///
    /// # Errors
    /// Why it is refused.
    pub(super) fn check(self, request: &Request) -> Result<(), String> {
        if self >= request.role() {
            return Ok(());
        }
        Err(
            "you may see how this host is doing, and not steer it; that takes a member of the \
             operators' groups of [admin], the host's user, or root"
                .to_owned(),
        )
    }
}

impl fmt::Display for Peer {
    /// The user, by name if it has one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match account(self.uid) {
            Some(account) => write!(f, "operator {}", account.name),
            None => write!(f, "operator {}", self.uid),
        }
    }
}

fn account(uid: u32) -> Option<nix::unistd::User> {
    let uid = nix::unistd::Uid::from_raw(uid);
    nix::unistd::User::from_uid(uid).ok().flatten()
}

/// The group that the peer connected with, and those that its user belongs to.
fn groups_of(peer: Peer) -> Vec<u32> {
    let mut groups = vec![peer.gid];
    #[cfg(not(any(target_os = "macos", target_os = "ios")))]
    if let Some(account) = account(peer.uid)
        && let Ok(name) = std::ffi::CString::new(account.name)
        && let Ok(listed) = nix::unistd::getgrouplist(&name, account.gid)
    {
        groups.extend(listed.into_iter().map(nix::unistd::Gid::as_raw));
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(uid: u32, gid: u32) -> Peer {
        Peer {
            uid,
            gid,
            pid: None,
        }
    }

    // Numbers that no machine has given to anybody.
    const NOBODY: u32 = 3_999_999_001;
    const OPERATORS: u32 = 3_999_999_002;
    const READERS: u32 = 3_999_999_003;

    #[test]
    fn the_hosts_user_and_root_may_steer_and_nobody_else() {
        let access = Access::default();
        for uid in [1000, 0] {
            assert_eq!(access.role(peer(uid, uid), 1000), Ok(Role::Operator));
        }
        let reason = access.role(peer(NOBODY, OPERATORS), 1000).unwrap_err();
        for part in [&NOBODY.to_string(), "1000"] {
            assert!(reason.contains(part), "{reason}");
        }
    }

    #[test]
    fn members_of_a_listed_group_have_its_role() {
        let access = Access {
            operators: vec![OPERATORS],
            readers: vec![READERS],
        };
        assert_eq!(access.role(peer(NOBODY, OPERATORS), 1), Ok(Role::Operator));
        assert_eq!(access.role(peer(NOBODY, READERS), 1), Ok(Role::Reader));
        assert!(access.role(peer(NOBODY, NOBODY), 1).is_err());
    }

    #[test]
    fn a_reader_sees_and_does_not_steer() {
        let see = [
            Request::Status,
            Request::Plugins,
            Request::Leases,
            Request::Statements,
            Request::Config,
            Request::Activity,
            Request::Metrics,
            Request::Machine,
        ];
        for request in see {
            assert_eq!(Role::Reader.check(&request), Ok(()), "{request:?}");
        }
        let plugin = || "p".to_owned();
        let steer = [
            Request::Reload,
            Request::Reconnect,
            Request::Pause { plugin: None },
            Request::Restart { plugin: plugin() },
            Request::Attach {
                plugin: plugin(),
                no_timeouts: false,
            },
        ];
        for request in steer {
            assert!(Role::Reader.check(&request).is_err(), "{request:?}");
            assert_eq!(Role::Operator.check(&request), Ok(()));
        }
    }
}
