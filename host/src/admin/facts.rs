//! What the process and its machine are like: what is asked for first where something is slow or
//! refused. Nothing of it is a secret: neither arguments nor variables are read.

use std::fs;

use serde_json::{Map, Value, json};

/// Lines of `/proc/self/status` that tell how the process is doing.
const OF_THE_PROCESS: [&str; 5] = ["VmHWM", "VmRSS", "VmSwap", "Threads", "Cpus_allowed_list"];

/// Lines of `/proc/meminfo`.
const OF_THE_MEMORY: [&str; 5] = ["MemTotal", "MemAvailable", "SwapTotal", "SwapFree", "Shmem"];

/// Files with one number or a few.
const NUMBERS: [(&str, &str); 8] = [
    ("kernel", "/proc/sys/kernel/osrelease"),
    ("load", "/proc/loadavg"),
    ("files_of_all_processes", "/proc/sys/fs/file-nr"),
    (
        "sockets_waiting_to_be_accepted",
        "/proc/sys/net/core/somaxconn",
    ),
    ("memory_pressure", "/proc/pressure/memory"),
    ("control_group_memory", "/sys/fs/cgroup/memory.max"),
    ("control_group_cpu", "/sys/fs/cgroup/cpu.max"),
    ("control_group_processes", "/sys/fs/cgroup/pids.max"),
];

/// What this process and the machine under it are like, as far as they tell: operating system,
/// kernel, processors, memory, limits. What cannot be read is left out.
#[must_use]
pub fn machine() -> Value {
    let mut facts = Map::new();
    facts.insert("system".to_owned(), std::env::consts::OS.into());
    facts.insert("architecture".to_owned(), std::env::consts::ARCH.into());
    if let Ok(count) = std::thread::available_parallelism() {
        facts.insert("processors".to_owned(), count.get().into());
    }
    for (name, path) in NUMBERS {
        if let Ok(text) = fs::read_to_string(path) {
            facts.insert(name.to_owned(), text.trim().into());
        }
    }
    if let Ok(text) = fs::read_to_string("/etc/os-release") {
        let mut lines = text.lines();
        let name = lines.find_map(|line| line.strip_prefix("PRETTY_NAME="));
        facts.insert(
            "distribution".to_owned(),
            json!(name.map(|name| name.trim_matches('"'))),
        );
    }
    facts.insert(
        "memory".to_owned(),
        chosen("/proc/meminfo", &OF_THE_MEMORY).into(),
    );
    facts.insert("process".to_owned(), process().into());
    Value::Object(facts)
}

fn process() -> Map<String, Value> {
    let mut process = chosen("/proc/self/status", &OF_THE_PROCESS);
    process.insert("id".to_owned(), std::process::id().into());
    if let Ok(files) = fs::read_dir("/proc/self/fd") {
        process.insert("open_files".to_owned(), files.count().into());
    }
    if let Ok(limits) = fs::read_to_string("/proc/self/limits") {
        // A table for people, with a head; a line for each limit.
        let lines: Vec<_> = limits.lines().map(str::trim_end).collect();
        process.insert("limits".to_owned(), lines.into());
    }
    process
}

/// The lines of these names, of a file of lines like `name: value`.
fn chosen(path: &str, names: &[&str]) -> Map<String, Value> {
    let text = fs::read_to_string(path).unwrap_or_default();
    let lines = text.lines().filter_map(|line| line.split_once(':'));
    let lines = lines.filter(|(name, _)| names.contains(name));
    let facts = lines.map(|(name, value)| (name.to_owned(), value.trim().into()));
    facts.collect()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_machine_is_described_and_no_variable_is_told() {
        let facts = machine();
        for (place, fact) in [
            ("/kernel", "."),
            ("/memory/MemTotal", " kB"),
            ("/process/VmRSS", " kB"),
        ] {
            let told = facts.pointer(place).and_then(Value::as_str);
            assert!(
                told.is_some_and(|told| told.contains(fact)),
                "{place}: {facts}"
            );
        }
        let limits = facts["process"]["limits"].as_array().map(Vec::len);
        assert!(limits.is_some_and(|lines| lines > 10), "{facts}");
        let path = std::env::var("CARGO_MANIFEST_DIR").unwrap();
        assert!(!facts.to_string().contains(&path), "{facts}");
    }
}
