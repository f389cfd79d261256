//! A plugin that sends what no SDK would. It learns what is wrong, and nobody else notices.

use bytes::Bytes;
use onepool_host::Host;
use onepool_proto::codec::HostFrame;
use onepool_proto::handshake::{self, Answer, Hello, Token};
use onepool_proto::id::{RowSetId, StatementId, TransactionId, UploadId};
use onepool_proto::message::{
    Effect, EffectKind, Effects, Execute, Fetch, Finish, FinishHow, Sql, UploadPart, Uploaded,
};
use onepool_proto::service::{BrokerRequest, BrokerResponse};
use onepool_proto::value::Array;
use onepool_proto::{Code, DatabaseKind, Scalar, ScalarType, Value, limits};
use onepool_sdk::OnepoolPool;

use super::place::{Place, eventually, plugin, quiet, soon};
use super::raw::{
    BEGIN, CONNECTION, OPEN, ROW_SET, Raw, TRANSACTION, call, code_of, execute, frame, inside,
    statement, with,
};

const MANY: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 90000) \
                    SELECT i FROM n";

/// A host, and a plugin on it that behaves well.
struct Scene {
    place: Place,
    host: Host,
    neighbour: OnepoolPool,
}

impl Scene {
    async fn new(kind: DatabaseKind) -> Self {
        let place = Place::new(kind, 2).await;
        let host = place.host().start().await.unwrap();
        let neighbour = plugin(&host, "neighbour").await;
        sqlx::raw_sql("CREATE TABLE t (n BIGINT PRIMARY KEY)")
            .execute(&neighbour)
            .await
            .unwrap();
        Self {
            place,
            host,
            neighbour,
        }
    }

    /// The neighbour reads and writes, and nothing that the rogue had is left.
    async fn undisturbed(&self) {
        for sql in ["INSERT INTO t VALUES (1)", "DELETE FROM t"] {
            let done = sqlx::query(sql).execute(&self.neighbour);
            let done = soon("the neighbour", done).await.unwrap();
            assert_eq!(done.rows_affected(), 1, "{sql}");
        }
        assert_eq!(self.host.stats().sessions_panicked, 0);
    }

    /// The rogue is gone, with all it had.
    async fn finish(self, rogue: Raw) {
        drop(rogue);
        eventually("the rogue's session has ended", async || {
            self.host.stats().sessions == 1
        })
        .await;
        quiet(&self.host).await;
        self.undisturbed().await;
        self.neighbour.close().await;
        self.place.finish(self.host).await;
    }
}

#[tokio::test]
async fn strange_handshakes_are_refused_with_a_reason() {
    let scene = Scene::new(DatabaseKind::Sqlite).await;
    let host = &scene.host;
    let hello = |name: &str, token: Token, version: u16| {
        handshake::encode(&Hello {
            oldest_version: version,
            newest_version: version,
            ..Hello::new(name, token)
        })
        .unwrap()
    };
    let used = host.issue_token("rogue").unwrap();
    let mut first = Raw::knock(host).await;
    first.send(&hello("rogue", used.clone(), 1)).await;
    assert!(matches!(first.answer().await, Answer::Welcome(_)));
    let other = host.issue_token("other").unwrap();
    let next = host.issue_token("rogue").unwrap();
    let cases: Vec<(Vec<u8>, Code)> = vec![
        (b"GET / HTTP/1.1\r\n\r\n".to_vec(), Code::NOT_ONEPOOL),
        (vec![0; 4096], Code::NOT_ONEPOOL),
        (b"onepool\n\xff\xff".to_vec(), Code::REQUEST_TOO_LARGE),
        (b"onepool\n\x00\x00".to_vec(), Code::MALFORMED),
        (
            b"onepool\n\x05\x00\xff\xff\xff\xff\xff".to_vec(),
            Code::MALFORMED,
        ),
        // A name of 2^64 - 1 bytes.
        (
            b"onepool\n\x0c\x00\x01\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01".to_vec(),
            Code::MALFORMED,
        ),
        (
            hello("rogue", Token::new("guessed"), 1),
            Code::TOKEN_REFUSED,
        ),
        (hello("rogue", used, 1), Code::TOKEN_USED),
        (hello("rogue", other, 1), Code::TOKEN_REFUSED),
        (hello("rogue", next, 9999), Code::VERSION_MISMATCH),
    ];
    let refused = cases.len() as u64;
    for (bytes, code) in cases {
        let mut rogue = Raw::knock(host).await;
        rogue.send(&bytes).await;
        match rogue.answer().await {
            Answer::Refused(failure) => assert_eq!(failure.code, code, "{bytes:?}"),
            Answer::Welcome(_) => panic!("let in with {bytes:?}"),
        }
        assert!(rogue.next().await.is_none(), "the host hangs up");
    }
    let mut half = Raw::knock(host).await;
    half.send(b"onepool\n\x05\x00\x01").await;
    drop(half);
    eventually("half a handshake is noted", async || {
        host.stats().handshakes_broken == 1
    })
    .await;
    assert_eq!(host.stats().handshakes_refused, refused);
    scene.finish(first).await;
}

#[tokio::test]
async fn silence_is_not_listened_to_for_ever() {
    let scene = Scene::new(DatabaseKind::Sqlite).await;
    let mut rogue = Raw::knock(&scene.host).await;
    rogue.send(b"onepool\n").await;
    match rogue.answer().await {
        Answer::Refused(failure) => assert_eq!(failure.code, Code::HANDSHAKE_TIMEOUT),
        Answer::Welcome(_) => panic!("let in"),
    }
    scene.finish(rogue).await;
}

#[tokio::test]
async fn a_frame_that_cannot_be_read_ends_its_session_alone() {
    let scene = Scene::new(DatabaseKind::Sqlite).await;
    let too_long = (limits::FRAME_BYTES + 1).to_le_bytes();
    let malformed: &[&[u8]] = &[
        b"",
        b"\xff",
        // A call without a request; a request of no known kind; an endless number.
        b"\x00\x01",
        b"\x00\x01\x00\x63",
        b"\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
        // An echo of 2^63 bytes; an upload that ends in the middle of its id.
        b"\x00\x01\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
        b"\x00\x01\x00\x0a\x05\x05",
    ];
    for body in malformed {
        let mut rogue = Raw::enter(&scene.host).await;
        rogue.still_works().await;
        rogue.send_frame(body).await;
        assert_eq!(rogue.goodbye().await, Code::MALFORMED, "{body:?}");
    }
    for length in [too_long, u32::MAX.to_le_bytes()] {
        let mut rogue = Raw::enter(&scene.host).await;
        rogue.send(&length).await;
        assert_eq!(rogue.goodbye().await, Code::REQUEST_TOO_LARGE);
        scene.undisturbed().await;
    }
    let rogue = Raw::enter(&scene.host).await;
    scene.finish(rogue).await;
}

/// Bytes that nest as deeply as bytes can: where the wire had a recursive type, reading them would
/// overflow the stack and abort the host.
#[tokio::test]
async fn the_same_byte_over_and_over_nests_nothing() {
    let scene = Scene::new(DatabaseKind::Sqlite).await;
    let whole = frame(1, execute(call(1, &[OPEN]), "SELECT 1"));
    for byte in 0..=u8::MAX {
        // The frame's length and then: kind, call, trace, request, Connection.
        for keep in [4, 5, 7, 8, 24, whole.len() - 20] {
            let mut body = whole[4..keep].to_vec();
            body.resize(body.len() + 50_000, byte);
            let mut rogue = Raw::enter(&scene.host).await;
            rogue.send_frame(&body).await;
            // What makes sense by chance is answered, and the rest ends the session.
            assert!(rogue.answers_or_ends().await, "{byte:#x} after {keep}");
        }
    }
    assert_eq!(scene.host.stats().sessions_panicked, 0);
    let rogue = Raw::enter(&scene.host).await;
    scene.finish(rogue).await;
}

#[tokio::test]
async fn half_a_frame_and_then_nothing() {
    let scene = Scene::new(DatabaseKind::Sqlite).await;
    let mut rogue = Raw::enter(&scene.host).await;
    rogue
        .done(inside(call(1, &[OPEN, BEGIN]), "INSERT INTO t VALUES (1)"))
        .await;
    assert_eq!(scene.host.pool_stats().backends.leased, 1);
    rogue.send(&[200, 0, 0, 0, 0, 2, 0, 1]).await;
    scene.finish(rogue).await;
}

#[tokio::test]
async fn ids_that_name_nothing() {
    let scene = Scene::new(DatabaseKind::Sqlite).await;
    let mut rogue = Raw::enter(&scene.host).await;
    let unknown = execute(call(1, &[]), "SELECT 1");
    assert_eq!(rogue.refused(unknown).await, Code::UNKNOWN_ID);
    let unknown = inside(call(1, &[OPEN]), "SELECT 1");
    assert_eq!(rogue.refused(unknown).await, Code::UNKNOWN_ID);
    let unknown = BrokerRequest::Execute {
        call: Execute {
            sql: Sql::Known(StatementId::from_bytes([9; 16])),
            ..statement(call(1, &[]), "")
        },
    };
    assert_eq!(rogue.refused(unknown).await, Code::UNKNOWN_STATEMENT);
    assert_eq!(rogue.refused(fetch(0)).await, Code::STALE_ID);
    let upload = UploadId::from_bytes([9; 16]);
    let unknown = BrokerRequest::Uploaded {
        call: Uploaded { upload, length: 0 },
    };
    assert_eq!(rogue.refused(unknown).await, Code::UNKNOWN_ID);
    assert_eq!(
        rogue.refused(finish(FinishHow::Commit, 0)).await,
        Code::UNKNOWN_ID
    );
    // A call that does not exist is cancelled: 1 is `Cancel`, 9 its number.
    rogue.send_frame(&[1, 9]).await;
    rogue.still_works().await;
    scene.finish(rogue).await;
}

#[tokio::test]
async fn ids_of_what_has_ended() {
    let scene = Scene::new(DatabaseKind::Sqlite).await;
    let mut rogue = Raw::enter(&scene.host).await;
    rogue
        .done(inside(call(1, &[OPEN, BEGIN]), "INSERT INTO t VALUES (7)"))
        .await;
    rogue.done(finish(FinishHow::Commit, 0)).await;
    // The ancestor of this project panicked here, and took every plugin with it.
    for how in [FinishHow::Commit, FinishHow::Rollback] {
        assert_eq!(rogue.refused(finish(how, 0)).await, Code::STALE_ID);
    }
    let stale = inside(call(3, &[]), "DELETE FROM t");
    assert_eq!(rogue.refused(stale).await, Code::STALE_ID);
    let again = execute(call(3, &[BEGIN]), "SELECT 1");
    assert_eq!(rogue.refused(again).await, Code::DUPLICATE_ID);
    rogue.done(execute(call(4, &[]), "DELETE FROM t")).await;
    let close = Effects {
        connection: CONNECTION,
        effects: vec![Effect {
            sequence: 4,
            kind: EffectKind::Close,
        }],
    };
    rogue
        .done(BrokerRequest::Flush { calls: vec![close] })
        .await;
    let stale = execute(call(5, &[]), "SELECT 1");
    assert_eq!(rogue.refused(stale).await, Code::STALE_ID);
    let reopened = execute(call(1, &[OPEN]), "SELECT 1");
    assert_eq!(rogue.refused(reopened).await, Code::STALE_ID);
    rogue.still_works().await;
    scene.finish(rogue).await;
}

#[tokio::test]
async fn transactions_that_overlap() {
    let scene = Scene::new(DatabaseKind::Sqlite).await;
    let mut rogue = Raw::enter(&scene.host).await;
    rogue
        .done(inside(call(1, &[OPEN, BEGIN]), "INSERT INTO t VALUES (1)"))
        .await;
    let twice = inside(call(3, &[BEGIN]), "SELECT 1");
    assert_eq!(rogue.refused(twice).await, Code::DUPLICATE_ID);
    let second = EffectKind::Begin {
        transaction: TransactionId::from_bytes([8; 16]),
    };
    let nested = inside(call(4, &[second]), "SELECT 1");
    assert_eq!(rogue.refused(nested).await, Code::OUT_OF_ORDER);
    let outside = execute(call(5, &[]), "SELECT 1");
    assert_eq!(rogue.refused(outside).await, Code::OUT_OF_ORDER);
    let skipped = inside(call(500, &[OPEN]), "SELECT 1");
    assert_eq!(rogue.refused(skipped).await, Code::OUT_OF_ORDER);
    assert_eq!(
        rogue.refused(finish(FinishHow::Commit, u32::MAX)).await,
        Code::DATABASE
    );
    rogue.done(inside(call(5, &[]), "DELETE FROM t")).await;
    rogue.done(finish(FinishHow::Commit, 0)).await;
    scene.finish(rogue).await;
}

#[tokio::test]
async fn pages_out_of_order() {
    let scene = Scene::new(DatabaseKind::Sqlite).await;
    let mut rogue = Raw::enter(&scene.host).await;
    rogue.done(execute(call(1, &[OPEN]), MANY)).await;
    for page in [0, 2, u32::MAX] {
        assert_eq!(rogue.refused(fetch(page)).await, Code::OUT_OF_ORDER);
    }
    rogue.done(fetch(1)).await;
    // The same row set once more: the first one ends, and this one begins at its first page.
    rogue.done(execute(call(2, &[]), MANY)).await;
    assert_eq!(rogue.refused(fetch(2)).await, Code::OUT_OF_ORDER);
    rogue.done(fetch(1)).await;
    let other = RowSetId::from_bytes([9; 16]);
    let unheard_of = EffectKind::CloseRowSet { row_set: other };
    let close = EffectKind::CloseRowSet { row_set: ROW_SET };
    rogue
        .done(BrokerRequest::PingDatabase {
            call: call(2, &[unheard_of, close]),
        })
        .await;
    assert_eq!(rogue.refused(fetch(2)).await, Code::STALE_ID);
    scene.finish(rogue).await;
}

#[tokio::test]
async fn closing_while_rows_stream() {
    let scene = Scene::new(DatabaseKind::Sqlite).await;
    let mut rogue = Raw::enter(&scene.host).await;
    rogue.done(execute(call(1, &[OPEN]), MANY)).await;
    assert_eq!(scene.host.pool_stats().backends.leased, 1);
    let close = Effects {
        connection: CONNECTION,
        effects: call(2, &[EffectKind::Close]).effects,
    };
    let closing = rogue
        .start(BrokerRequest::Flush { calls: vec![close] })
        .await;
    let fetching = rogue.start(fetch(1)).await;
    let mut codes = Vec::new();
    for _ in 0..2 {
        match rogue.next().await {
            Some(HostFrame::Answer { id, response }) => {
                codes.push((id, code_of(&response)));
            }
            other => panic!("no answer, but {other:?}"),
        }
    }
    codes.sort_unstable();
    assert_eq!(codes, [(closing, None), (fetching, Some(Code::STALE_ID))]);
    quiet(&scene.host).await;
    rogue.still_works().await;
    scene.finish(rogue).await;
}

#[tokio::test]
async fn deadlines_beyond_the_end_of_time() {
    let scene = Scene::new(DatabaseKind::Sqlite).await;
    let mut rogue = Raw::enter(&scene.host).await;
    let mut head = call(1, &[OPEN]);
    head.deadline_ms = Some(u64::MAX);
    rogue.done(execute(head.clone(), MANY)).await;
    let mut next = fetch(1);
    if let BrokerRequest::Fetch { call } = &mut next {
        call.deadline_ms = Some(u64::MAX);
    }
    rogue.done(next).await;
    head.effects.clear();
    head.deadline_ms = Some(0);
    let late = execute(head, "DELETE FROM t");
    assert_eq!(rogue.refused(late).await, Code::DEADLINE_EXCEEDED);
    scene.finish(rogue).await;
}

#[tokio::test]
async fn uploads_that_do_not_add_up() {
    let scene = Scene::new(DatabaseKind::Sqlite).await;
    let mut rogue = Raw::enter(&scene.host).await;
    let part = |id: u8, offset: u64, bytes: usize| BrokerRequest::Upload {
        part: UploadPart {
            upload: UploadId::from_bytes([id; 16]),
            offset,
            bytes: Bytes::from(vec![0xff; bytes]),
        },
    };
    let run = |length: u64| BrokerRequest::Uploaded {
        call: Uploaded {
            upload: UploadId::from_bytes([0; 16]),
            length,
        },
    };
    assert_eq!(
        rogue.refused(part(0, u64::MAX, 1)).await,
        Code::OUT_OF_ORDER
    );
    rogue.done(part(0, 0, 9)).await;
    assert_eq!(rogue.refused(run(u64::MAX)).await, Code::OUT_OF_ORDER);
    rogue.done(part(0, 0, 9)).await;
    assert_eq!(rogue.refused(run(9)).await, Code::MALFORMED);
    for id in 0..16 {
        rogue.done(part(id, 0, 0)).await;
    }
    assert_eq!(rogue.refused(part(99, 0, 1)).await, Code::TOO_MANY_OBJECTS);
    scene.finish(rogue).await;
}

#[tokio::test]
async fn a_call_that_is_numbered_like_another() {
    let scene = Scene::new(DatabaseKind::Sqlite).await;
    let mut rogue = Raw::enter(&scene.host).await;
    for _ in 0..3 {
        rogue.start_as(77, execute(call(1, &[OPEN]), MANY)).await;
    }
    rogue.start_as(78, fetch(5)).await;
    let mut answers = 0;
    loop {
        match rogue.next().await {
            Some(HostFrame::Answer { id: 77, .. }) => answers += 1,
            Some(HostFrame::Answer { id: 78, response }) => {
                assert_eq!(code_of(&response), Some(Code::OUT_OF_ORDER));
                break;
            }
            other => panic!("no answer, but {other:?}"),
        }
    }
    assert!((1..=3).contains(&answers), "{answers}");
    scene.finish(rogue).await;
}

/// Values that no SDK makes.
#[expect(
    clippy::too_many_lines,
    reason = "a list of cases, one after the other"
)]
fn strange_values() -> Vec<Value> {
    let text = |text: &str| text.to_owned();
    let array = |dimensions: &[u32], elements: Vec<Option<Scalar>>| {
        Value::Array(Array {
            element: ScalarType::I32,
            dimensions: dimensions.to_vec(),
            elements,
        })
    };
    let named = |name: &str| {
        Value::Scalar(Scalar::Named {
            type_name: text(name),
            text: text("x"),
        })
    };
    let time = |seconds| {
        Value::Scalar(Scalar::TimestampTz {
            seconds,
            nanos: u32::MAX,
            offset_s: i32::MIN,
        })
    };
    vec![
        array(&[u32::MAX; 6], Vec::new()),
        array(&[2, 2], vec![Some(Scalar::I32(1))]),
        array(&[], vec![Some(Scalar::I32(1))]),
        array(&[1; 10_000], vec![Some(Scalar::I32(1))]),
        array(&[1], vec![Some(Scalar::Text(text("not a number")))]),
        Value::Scalar(Scalar::Decimal(text("1e9999999999"))),
        Value::Scalar(Scalar::Decimal(text("--"))),
        Value::Scalar(Scalar::Decimal("9".repeat(200_000))),
        Value::Scalar(Scalar::Json(text("{"))),
        Value::Scalar(Scalar::Json("[".repeat(200_000))),
        Value::Scalar(Scalar::Text(text("a\0b"))),
        Value::Scalar(Scalar::Date { days: i32::MAX }),
        Value::Scalar(Scalar::Date { days: i32::MIN }),
        Value::Scalar(Scalar::Time { nanos: u64::MAX }),
        Value::Scalar(Scalar::TimeTz {
            nanos: u64::MAX,
            offset_s: i32::MIN,
        }),
        time(i64::MIN),
        time(i64::MAX),
        Value::Scalar(Scalar::Timestamp {
            seconds: i64::MIN,
            nanos: u32::MAX,
        }),
        Value::Scalar(Scalar::Interval {
            months: i32::MIN,
            days: i32::MIN,
            micros: i64::MIN,
        }),
        Value::Scalar(Scalar::Inet {
            address: Bytes::from_static(b"12345"),
            prefix: 255,
        }),
        Value::Scalar(Scalar::Inet {
            address: Bytes::new(),
            prefix: 0,
        }),
        named(""),
        named("no.such.type.at.all"),
        named("x'); DROP TABLE t; --"),
        named(&"x".repeat(10_000)),
    ]
}

/// Each strange value is an error or a value, and the next statement works.
async fn values(kind: DatabaseKind) {
    let scene = Scene::new(kind).await;
    let mut rogue = Raw::enter(&scene.host).await;
    let sql = if kind == DatabaseKind::Postgres {
        "SELECT $1"
    } else {
        "SELECT ?"
    };
    rogue.done(execute(call(1, &[OPEN]), "SELECT 1")).await;
    for value in strange_values() {
        let shown = format!("{value:?}");
        let shown = &shown[..shown.len().min(200)];
        let code = code_of(
            &rogue
                .call(with(call(2, &[]), sql, vec![value.clone()]))
                .await,
        );
        let expected = [
            None,
            Some(Code::INVALID_ARGUMENT),
            Some(Code::DATABASE),
            Some(Code::ENCODE),
            Some(Code::TYPE_NOT_FOUND),
        ];
        assert!(expected.contains(&code), "{code:?} for {shown}");
        let one = rogue.done(with(call(2, &[]), "SELECT 1", Vec::new())).await;
        assert!(
            matches!(one, BrokerResponse::Execute(Ok(_))),
            "after {shown}"
        );
    }
    // As many arguments as a frame holds, of which the statement has a use for one.
    let many = vec![Value::Scalar(Scalar::Bool(true)); 100_000];
    rogue.call(with(call(2, &[]), sql, many)).await;
    rogue.still_works().await;
    scene.finish(rogue).await;
}

#[tokio::test]
async fn strange_values_on_sqlite() {
    values(DatabaseKind::Sqlite).await;
}

#[tokio::test]
async fn strange_values_on_postgres() {
    values(DatabaseKind::Postgres).await;
}

#[tokio::test]
async fn strange_values_on_mariadb() {
    values(DatabaseKind::MySql).await;
}

fn fetch(page: u32) -> BrokerRequest {
    BrokerRequest::Fetch {
        call: Fetch {
            connection: CONNECTION,
            row_set: ROW_SET,
            page,
            deadline_ms: None,
        },
    }
}

fn finish(how: FinishHow, depth: u32) -> BrokerRequest {
    BrokerRequest::Finish {
        call: Finish {
            call: call(1, &[]),
            transaction: TRANSACTION,
            depth,
            how,
        },
    }
}
