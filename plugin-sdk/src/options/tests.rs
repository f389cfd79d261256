use super::*;

fn parse(url: &str) -> OnepoolConnectOptions {
    url.parse().unwrap()
}

fn refused(url: &str) -> String {
    url.parse::<OnepoolConnectOptions>()
        .unwrap_err()
        .to_string()
}

#[test]
fn the_short_url_means_the_environment() {
    for url in [
        "onepool:",
        "onepool://",
        "onepool:///",
        "onepool:?deadline=5s",
    ] {
        assert!(matches!(parse(url).host, HostAddress::Environment), "{url}");
    }
}

#[test]
fn a_url_says_everything_and_is_written_back_without_its_token() {
    let options = parse(
        "onepool:///run/my%20app/%25.sock?token=s3cret&plugin=a%26b&deadline=5s&read_only=true\
         &host_uid=0&migrations_table=plain",
    );
    let HostAddress::Endpoint(endpoint) = &options.host else {
        panic!("{options:?}");
    };
    assert_eq!(endpoint.to_string(), "/run/my app/%.sock");
    assert_eq!(options.token, Some(Token::new("s3cret")));
    assert!(!format!("{options:?}").contains("s3cret"));
    let url = options.to_url_lossy();
    assert!(!url.as_str().contains("s3cret"), "{url}");
    let again = parse(url.as_str());
    assert_eq!(again.token, None);
    assert_eq!(format!("{again:?}"), format!("{options:?}"));
    assert_eq!(again.plugin.as_deref(), Some("a&b"));
    assert_eq!(again.settings.deadline, Some(Duration::from_secs(5)));
    assert_eq!(again.settings.access, Access::ReadOnly);
    assert_eq!(again.settings.migrations, MigrationsTable::Plain);
    assert_eq!(again.host_uid, Some(0));
}

#[test]
fn a_pipe_has_a_url_too() {
    let options = parse("onepool://./pipe/app-onepool?plugin=x");
    let HostAddress::Endpoint(endpoint) = &options.host else {
        panic!("{options:?}");
    };
    assert_eq!(endpoint.to_string(), r"\\.\pipe\app-onepool");
    let url = options.to_url_lossy();
    assert_eq!(url.as_str(), "onepool://./pipe/app-onepool?plugin=x");
}

#[test]
fn durations_have_units() {
    let deadline = |text: &str| {
        parse(&format!("onepool:?statement_timeout={text}"))
            .settings
            .deadline
    };
    assert_eq!(deadline("1500"), Some(Duration::from_millis(1500)));
    assert_eq!(deadline("20ms"), Some(Duration::from_millis(20)));
    assert_eq!(deadline("2m"), Some(Duration::from_secs(120)));
}

#[test]
fn what_is_wrong_is_named() {
    assert!(refused("postgres:///x").contains("postgres"));
    assert!(refused("onepool://db.example/x").contains("db.example"));
    assert!(refused("onepool:?deadlin=1").contains("deadlin"));
    assert!(refused("onepool:?deadline=soon").contains("soon"));
    assert!(refused("onepool:?read_only=perhaps").contains("perhaps"));
    assert!(refused(&format!("onepool:///{}", "x".repeat(200))).contains("201"));
}
