//! The first frame each way.

use onepool_proto::column::DatabaseKind;
use onepool_proto::handshake::{Answer, Hello, Token, Welcome};
use onepool_proto::id::SessionId;
use onepool_proto::{Code, Failure, Limits};

/// A greeting.
pub fn hello() -> Hello {
    Hello {
        features: 5,
        database: Some("archive".to_owned()),
        ..Hello::new("reports", Token::new("secret"))
    }
}

/// The answers to it.
pub fn answers() -> Vec<(&'static str, Answer)> {
    let welcome = |database, replica: Option<&str>| {
        Answer::Welcome(Welcome {
            version: 1,
            session: SessionId::from_bytes([6; 16]),
            database,
            limits: Limits::default(),
            features: 0,
            next_token: Token::new("next"),
            replica: replica.map(str::to_owned),
        })
    };
    vec![
        ("welcome sqlite", welcome(DatabaseKind::Sqlite, None)),
        (
            "welcome postgres",
            welcome(DatabaseKind::Postgres, Some("replica")),
        ),
        ("welcome mysql", welcome(DatabaseKind::MySql, None)),
        (
            "refused",
            Answer::Refused(Failure::new(Code::TOKEN_USED, "used")),
        ),
    ]
}
