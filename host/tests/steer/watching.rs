//! Who may look and steer, what the log says of it, and what it says of what takes long.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use crate::serving::{Config, Serving};

/// The user and the group that stand for somebody else.
const NOBODY: u32 = 65534;

#[tokio::test]
async fn whoever_steers_is_named_in_the_log() {
    let file = onepool_tests::sqlite();
    let serving = Serving::start(&Config::new(&file.url, 2, &["one"])).await;
    let [_one] = serving.plugins(["one"]).await;
    serving.said(&["pause", "one"]).await;
    let line = serving.log_says("an order was followed").await;
    for part in ["operator ", "uid=", "pid=", "Pause", "one"] {
        assert!(line.contains(part), "{part}: {line}");
    }
    serving.refused(&["kill", "lease-9.9"]).await;
    let line = serving.log_says("an order could not be followed").await;
    assert!(
        line.contains("Kill") && line.contains("there is no lease-9.9"),
        "{line}"
    );
    serving.said(&["status"]).await;
    assert!(
        !serving.log().contains("Status"),
        "looking is not worth a line"
    );
    serving.stop().await;
}

/// Another user is refused; as a member of the readers' group it may look, of the operators' steer.
#[tokio::test]
async fn groups_have_their_roles() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let folder = tempfile::Builder::new()
        .prefix("onepool-")
        .tempdir()
        .unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    let program = folder.path().join("onepool");
    fs::copy(env!("CARGO_BIN_EXE_onepool"), &program).unwrap();
    let socket = folder.path().join("admin.sock");
    let ask = async |words: &[&str]| {
        let mut command = tokio::process::Command::new(&program);
        command.args(words).arg("--socket").arg(&socket);
        let command = command.current_dir("/").uid(NOBODY).gid(NOBODY);
        let output = command.output().await.unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8(said).unwrap())
    };
    for (groups, looks, steers) in [
        ("operators = [3999999001]", false, false),
        ("readers = [65534]", true, false),
        ("operators = [65534]", true, true),
    ] {
        let file = onepool_tests::sqlite();
        let mut config = Config::new(&file.url, 2, &["one"]);
        config.more = format!("[admin]\nsocket = '{}'\n{groups}", socket.display());
        let serving = Serving::start(&config).await;
        let [_one] = serving.plugins(["one"]).await;
        let (looked, said) = ask(&["status"]).await;
        assert_eq!(looked, looks, "{groups}: {said}");
        let (steered, why) = ask(&["pause"]).await;
        assert_eq!(steered, steers, "{groups}: {why}");
        let reason = match (looks, steers) {
            (false, _) => "user 65534 may not steer this host",
            (true, false) => "you may see how this host is doing, and not steer it",
            (true, true) => "everybody is paused",
        };
        assert!(why.contains(reason), "{why}");
        // Its own user finds it by the configuration.
        assert_eq!(serving.json(&["status"]).await["paused"], steers);
        serving.stop().await;
        assert!(!socket.exists());
    }
}

#[tokio::test]
async fn what_takes_long_is_logged_with_the_wait_apart() {
    let database = onepool_tests::postgres().await.database(2).await;
    let mut config = Config::new(&database.url, 2, &["one"]);
    config.more = "[log]\nslow_statement = '200ms'\nlong_lease = '300ms'".to_owned();
    let serving = Serving::start(&config).await;
    let [mut one] = serving.plugins(["one"]).await;
    one.must("run SELECT 'quick'").await;
    one.must("run SELECT pg_sleep(0.25)").await;
    let line = serving.log_says("a slow statement").await;
    for part in [
        "plugin=\"one\"",
        "waited_ms=",
        "ran_ms=2",
        "SELECT pg_sleep(0.25)",
        "statement-",
    ] {
        assert!(line.contains(part), "{part}: {line}");
    }
    one.must("keep BEGIN").await;
    one.must("keep SELECT 'kept'").await;
    let line = serving.log_says("a connection is held for long").await;
    for part in [
        "plugin=\"one\"",
        "lease-",
        "session-",
        "transaction",
        "Resting",
        "SELECT 'kept'",
    ] {
        assert!(line.contains(part), "{part}: {line}");
    }
    one.must("release").await;
    let log = serving.log();
    assert_eq!(log.matches("is held for long").count(), 1, "{log}");
    assert!(!log.contains("'quick'"));
    serving.stop().await;
    assert_eq!(database.refusals().await, 0);
}

/// The plugin says in which trace it asks, and the log says so of what took long.
#[tokio::test]
async fn a_slow_statement_is_logged_in_its_trace() {
    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
    const SPAN: &str = "b7ad6b7169203331";
    let database = onepool_tests::postgres().await.database(2).await;
    let mut config = Config::new(&database.url, 2, &["one"]);
    config.more = "[log]\nslow_statement = '50ms'".to_owned();
    let serving = Serving::start(&config).await;
    let [mut one] = serving.plugins(["one"]).await;
    let parent = format!("00-{TRACE}-{SPAN}-01");
    one.must(&format!(
        "trace {parent} run SELECT pg_sleep(0.1) AS traced"
    ))
    .await;
    let line = serving.log_says("AS traced").await;
    for part in [
        format!("trace_id=\"{TRACE}\""),
        format!("parent_id=\"{SPAN}\""),
    ] {
        assert!(line.contains(&part), "{part}: {line}");
    }
    one.must("run SELECT pg_sleep(0.1) AS plain").await;
    let line = serving.log_says("AS plain").await;
    assert!(!line.contains("trace_id"), "{line}");
    serving.stop().await;
}
