//! How much memory this process holds: the host is in it, the plugins are not.

/// More than this may not come on top of what the host held once it was warm.
const SLACK_BYTES: u64 = 16 << 20;

/// What was held over time.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    samples: Vec<u64>,
}

impl Memory {
    /// Looks once more. Answers what is held in bytes, where the operating system tells.
    pub(crate) fn sample(&mut self) -> Option<u64> {
        let held = resident()?;
        self.samples.push(held);
        Some(held)
    }

    /// What is wrong, if it grew: the last quarter is held against the second.
    pub(crate) fn violation(&self) -> Option<String> {
        let quarter = self.samples.len() / 4;
        let warm = median(self.samples.get(quarter..2 * quarter)?)?;
        let last = median(self.samples.get(3 * quarter..)?)?;
        let bound = warm + warm / 4 + SLACK_BYTES;
        let mib = |bytes| bytes >> 20;
        (last > bound).then(|| {
            format!(
                "the host held {} MiB once it was warm, and {} MiB at the end",
                mib(warm),
                mib(last)
            )
        })
    }
}

fn median(samples: &[u64]) -> Option<u64> {
    let mut sorted = samples.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied()
}

/// What of this process is in memory, by Linux's account.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib << 10)
}
