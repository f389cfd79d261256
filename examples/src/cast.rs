//! Who plays: the plugins of one run.

use std::path::Path;

use onepool_host::Plugin;

use crate::options::Seconds;
use crate::plugins::{Kind, Tables};

/// One plugin of this run.
#[derive(Clone, Debug)]
pub struct Member {
    /// The plugin's name.
    pub name: String,
    /// What it does.
    pub kind: Kind,
}

impl Member {
    /// The plugin's tables.
    pub fn tables(&self) -> Tables {
        Tables::of(&self.name)
    }

    /// How the host launches it: as this very program.
    pub fn plugin(&self, program: &Path, work: Seconds) -> Plugin {
        Plugin::new(&self.name, program)
            .args(["plugin", self.kind.name()])
            .args(["--seconds", &work.to_string()])
    }
}

/// So many plugins, the kinds in turn, sorted by kind.
pub fn members(count: u32) -> Vec<Member> {
    let mut members = Vec::new();
    for (place, kind) in (0..).zip(Kind::ALL) {
        let kinds = Kind::ALL.len() as u32;
        let of_this_kind = (count + kinds - 1 - place) / kinds;
        members.extend((1..=of_this_kind).map(|number| Member {
            name: format!("{kind}-{number}"),
            kind,
        }));
    }
    members
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_as_many_as_asked_for_and_the_kinds_take_turns() {
        for count in 1..=13 {
            assert_eq!(members(count).len(), count as usize);
        }
        let names: Vec<_> = members(5).into_iter().map(|member| member.name).collect();
        assert_eq!(
            names,
            ["bank-1", "bank-2", "scanner-1", "scanner-2", "inbox-1"]
        );
    }
}
