//! Plugins that crash at every point, hang, and are started again.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::*;

const LONG: Duration = Duration::from_secs(60);

fn quick(failures: u32) -> RestartLimits {
    RestartLimits {
        first_delay: Duration::from_millis(1),
        failures,
        ..RestartLimits::default()
    }
}

fn shell(name: &str, script: &str) -> Plugin {
    Plugin::new(name, "sh").args(["-c", script])
}

fn status(host: &Host, name: &str) -> PluginStatus {
    let plugins = host.plugins();
    plugins
        .into_iter()
        .find(|plugin| plugin.name == name)
        .unwrap()
}

/// Waits until a plugin is as it should be.
async fn until(host: &Host, name: &str, is_so: impl Fn(&PluginStatus) -> bool) -> PluginStatus {
    let waiting = async {
        loop {
            let status = status(host, name);
            if is_so(&status) {
                return status;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    let found = tokio::time::timeout(LONG, waiting).await;
    found.unwrap_or_else(|_| panic!("{:?}", status(host, name)))
}

async fn until_state(host: &Host, name: &str, state: PluginState) -> PluginStatus {
    until(host, name, |status| status.state == state).await
}

async fn gave_up(host: &Host, name: &str) -> PluginStatus {
    until(host, name, |status| {
        matches!(status.state, PluginState::GaveUp(_))
    })
    .await
}

fn write_program(path: &Path, bytes: impl AsRef<[u8]>, mode: u32) {
    fs::write(path, bytes).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[tokio::test]
async fn a_plugin_that_crashes_at_start_is_given_up_on() {
    let folder = tempfile::tempdir().unwrap();
    let runs = folder.path().join("runs");
    let script = format!(
        "echo run >> '{}'; echo out of luck >&2; exit 3",
        runs.display()
    );
    let plugin = shell("p", &script)
        .restart(Restart::OnFailure)
        .restart_limits(quick(3));
    let host = builder(&folder).plugin(plugin).start().await.unwrap();
    let ended = host.plugin_ended("p").await.unwrap();
    assert_eq!(ended.code(), Some(3));
    let status = gave_up(&host, "p").await;
    assert_eq!(
        (status.state, status.restarts),
        (PluginState::GaveUp(Some(ended)), 2)
    );
    let problem = status.problem.unwrap();
    for part in ["exit status: 3", "before it connected", "out of luck"] {
        assert!(problem.contains(part), "{problem}");
    }
    assert_eq!(fs::read_to_string(&runs).unwrap().lines().count(), 3);

    // By hand it gets all its attempts anew.
    let error = host.restart_plugin("p").await.unwrap_err();
    assert!(matches!(
        error,
        HostError::PluginStart {
            source: StartFailure::Ended { .. },
            ..
        }
    ));
    until(&host, "p", |status| status.restarts == 5).await;
    gave_up(&host, "p").await;
    let error = host.restart_plugin("q").await.unwrap_err();
    assert!(matches!(error, HostError::NoSuchPlugin(name) if name == "q"));
    host.stop().await;
}

#[tokio::test]
async fn a_plugin_that_does_not_come_up_in_time_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    for role in ["stay", "mute"] {
        let ready = Ready::in_folder(&folder);
        let plugin = copy_in_shell(role, "trap '' TERM; exec \"$@\"")
            .env(READY, &ready.path)
            .handshake_timeout(Duration::from_millis(100));
        let host = builder(&folder).plugin(plugin).start().await.unwrap();
        assert_eq!(host.plugin_ended("p").await.unwrap().signal(), Some(9));
        let problem = status(&host, "p").problem.unwrap();
        assert!(problem.contains("handshake_timeout"), "{problem}");
        host.stop().await;
        fs::remove_file(&ready.path).unwrap();
    }
}

#[tokio::test]
async fn a_plugin_that_crashes_after_a_while_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let plugin = copy_in_shell("enter", "exec \"$@\"")
        .restart(Restart::OnFailure)
        .restart_limits(quick(3));
    let host = builder(&folder).plugin(plugin).start().await.unwrap();
    let status = gave_up(&host, "p").await;
    assert_eq!(host.stats().sessions_opened, 3);
    assert_eq!(status.problem.unwrap(), "it ended: exit status: 42");
    host.stop().await;
}

#[tokio::test]
async fn success_is_no_reason_to_start_again_unless_always() {
    let folder = tempfile::tempdir().unwrap();
    let once = shell("once", "exit 0")
        .restart(Restart::OnFailure)
        .restart_limits(quick(2));
    let ever = shell("ever", "exit 0")
        .restart(Restart::Always)
        .restart_limits(quick(2));
    let host = builder(&folder)
        .plugin(once)
        .plugin(ever)
        .start()
        .await
        .unwrap();
    until(&host, "ever", |status| status.restarts > 5).await;
    let once = until(&host, "once", |status| {
        matches!(status.state, PluginState::Exited(_))
    })
    .await;
    assert_eq!((once.restarts, once.problem), (0, None));
    host.stop().await;
}

#[tokio::test]
async fn one_plugin_is_replaced_while_another_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("program");
    // It is deaf to SIGTERM.
    write_program(&program, "#!/bin/sh\ntrap '' TERM\nexec \"$@\"\n", 0o700);
    let copy = copy_in_shell("serve", "exec \"$@\"");
    let replaced = Plugin::new("replaced", &program)
        .args(copy.args[3..].iter())
        .env(ROLE, "serve")
        .stop_graces(StopGraces {
            signal: Duration::from_millis(50),
            ..StopGraces::default()
        });
    let mut other = copy;
    "other".clone_into(&mut other.name);
    let host = builder(&folder)
        .plugin(replaced)
        .plugin(other)
        .start()
        .await
        .unwrap();
    let before = until_state(&host, "replaced", PluginState::Running).await;
    let other = until_state(&host, "other", PluginState::Running).await;
    let new = folder.path().join("new");
    write_program(&new, "#!/bin/sh\necho the new one\nexec \"$@\"\n", 0o700);
    fs::rename(&new, &program).unwrap();
    host.restart_plugin("replaced").await.unwrap();
    let after = status(&host, "replaced");
    assert_eq!((after.state, after.restarts), (PluginState::Running, 1));
    assert_ne!(after.pid, before.pid);
    assert_eq!(status(&host, "other"), other);
    // The new one heeds SIGTERM.
    host.restart_plugin("replaced").await.unwrap();
    host.stop().await;
}

#[tokio::test]
async fn plugins_come_up_in_order_and_end_in_reverse() {
    let folder = tempfile::tempdir().unwrap();
    let (go, ends) = (folder.path().join("go"), folder.path().join("ends"));
    let script = |name: &str| {
        format!(
            "trap 'echo {name} >> \"{}\"; exit 0' TERM\n\
             while [ ! -e \"{}\" ]; do sleep 0.01; done\n\"$@\" & wait $!",
            ends.display(),
            go.display(),
        )
    };
    let named = |name: &str| {
        let mut plugin = copy_in_shell("serve", &script(name));
        name.clone_into(&mut plugin.name);
        plugin
    };
    let host = builder(&folder)
        .plugin(named("third").after("second").after("first"))
        .plugin(named("second").after("first"))
        .plugin(named("first"))
        .start()
        .await
        .unwrap();
    assert_eq!(status(&host, "first").state, PluginState::Starting);
    let third = status(&host, "third");
    assert_eq!((third.state, third.pid), (PluginState::Waiting, None));
    assert_eq!(third.problem.unwrap(), "waits for first, second");
    fs::write(&go, "").unwrap();
    until_state(&host, "third", PluginState::Running).await;
    host.stop().await;
    assert_eq!(fs::read_to_string(&ends).unwrap(), "third\nsecond\nfirst\n");
}

#[tokio::test]
async fn a_plugin_that_waits_for_another_does_not_keep_the_host() {
    let folder = tempfile::tempdir().unwrap();
    let first = shell("first", "exit 1");
    let second = shell("second", "exit 0").after("first");
    let host = builder(&folder)
        .plugin(first)
        .plugin(second)
        .start()
        .await
        .unwrap();
    host.plugin_ended("first").await;
    assert_eq!(status(&host, "second").state, PluginState::Waiting);
    host.stop().await;
    assert_eq!(status(&host, "second").state, PluginState::Exited(None));
}

#[tokio::test]
async fn what_keeps_a_program_from_starting_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let mut foreign = vec![0; 64];
    foreign[..6].copy_from_slice(b"\x7fELF\x02\x01");
    foreign[18] = 22;
    write_program(&at("foreign"), &foreign, 0o700);
    write_program(&at("plain"), "#!/bin/sh\n", 0o600);
    write_program(&at("orphan"), "#!/nowhere/python3\n", 0o700);
    write_program(&at("exe"), [b"MZ", &[0; 62][..]].concat(), 0o700);
    for (plugin, says) in [
        (Plugin::new("p", at("gone")), "there is no program at"),
        (
            Plugin::new("p", "no-such-program-anywhere"),
            "no folder of PATH",
        ),
        (Plugin::new("p", at("plain")), "may not be executed"),
        (Plugin::new("p", folder.path()), "may not be executed"),
        (Plugin::new("p", at("orphan")), "/nowhere/python3"),
        (Plugin::new("p", at("foreign")), "is a program for s390x"),
        (Plugin::new("p", at("exe")), "is a program for Windows"),
        (
            shell("p", "exit 0").current_dir(at("gone")),
            "its working folder",
        ),
    ] {
        let plugin = plugin.restart(Restart::OnFailure).restart_limits(quick(1));
        let host = builder(&folder).plugin(plugin).start().await.unwrap();
        let problem = gave_up(&host, "p").await.problem.unwrap();
        assert!(problem.contains(says), "{problem}");
        host.stop().await;
    }
}

#[tokio::test]
async fn a_plugin_of_another_version_is_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let plugin = copy_in_shell("modern", "exec \"$@\"");
    let host = builder(&folder).plugin(plugin).start().await.unwrap();
    host.plugin_ended("p").await.unwrap();
    let problem = status(&host, "p").problem.unwrap();
    assert!(
        problem.contains("protocol versions 1000 to 1001"),
        "{problem}"
    );
    host.stop().await;
}

/// Nothing that a plugin prints holds up the host, or grows in it.
#[tokio::test]
async fn garbage_and_endless_lines_do_no_harm() {
    let folder = tempfile::tempdir().unwrap();
    // The last line goes to both streams: they are read apart, and what comes last of either is kept.
    let script = "head -c 200000 /dev/urandom; head -c 3000000 /dev/zero; printf '\\n\\377last\\n'; \
                  (head -c 3000000 /dev/zero | tr '\\0' '{'; printf '\\n\\377last\\n') >&2; exit 4";
    let host = builder(&folder)
        .plugin(shell("p", script))
        .start()
        .await
        .unwrap();
    assert_eq!(host.plugin_ended("p").await.unwrap().code(), Some(4));
    let problem = status(&host, "p").problem.unwrap();
    assert!(
        problem.contains("\u{fffd}last") && problem.len() < 10_000,
        "{problem}"
    );
    host.stop().await;
}

/// As root only: nobody else may become another user.
#[tokio::test]
async fn a_plugin_may_run_as_another_user_without_the_hosts_groups() {
    const NOBODY: u32 = 65_534;
    let folder = tempfile::tempdir().unwrap();
    let script = format!("[ \"$(id -u):$(id -G)\" = {NOBODY}:{NOBODY} ] && exit 7");
    let plugin = shell("p", &script).run_as(NOBODY, NOBODY).current_dir("/");
    let started = builder(&folder).plugin(plugin).start().await;
    if !rustix::process::geteuid().is_root() {
        let error = started.unwrap_err().to_string();
        assert!(error.contains("as user 65534"), "{error}");
        return;
    }
    let host = started.unwrap();
    assert_eq!(host.plugin_ended("p").await.unwrap().code(), Some(7));
    host.stop().await;
}
