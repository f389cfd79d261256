//! What the host's process uses.

use std::time::Duration;

/// What the host's process uses; of a host in an application's process, the application with it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ProcessUse {
    /// Time on a processor.
    pub(crate) cpu: Duration,
    /// Memory that is not swapped out.
    pub(crate) resident_bytes: u64,
}

impl ProcessUse {
    /// As it is now; `None` where the operating system does not say.
    #[cfg(target_os = "linux")]
    pub(crate) fn read() -> Option<Self> {
        use rustix::time::{ClockId, clock_gettime};
        let status = std::fs::read_to_string("/proc/self/status").ok()?;
        let resident = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))?;
        let kibibytes: u64 = resident.trim().strip_suffix("kB")?.trim().parse().ok()?;
        let cpu = clock_gettime(ClockId::ProcessCPUTime);
        Some(Self {
            cpu: Duration::try_from(cpu).ok()?,
            resident_bytes: kibibytes * 1024,
        })
    }

    /// Other operating systems are not asked.
    #[cfg(not(target_os = "linux"))]
    pub(crate) fn read() -> Option<Self> {
        None
    }
}
