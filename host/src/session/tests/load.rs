//! Calls that are larger together than a session's may be.

use onepool_proto::value::Scalar;
use onepool_proto::{Code, Value};

use super::*;

/// A plugin could fill the host's memory with calls for which it did not even wait.
#[tokio::test]
async fn calls_that_wait_take_no_more_than_they_may() {
    const BYTES: usize = 4 << 20;
    let place = Place::sqlite().await;
    let mut visit = Visit::new(&place.pool, "large");
    let mut first = Vec::new();
    let mut refused = 0;
    // Nobody drives the first, and all the others are behind it.
    for _ in 0..300 {
        let mut call = visit.statement(None, "SELECT ?", &[]);
        call.arguments = Some(vec![Value::Scalar(Scalar::Bytes(vec![0; BYTES].into()))]);
        let task = |answer| Task::Execute(call.clone(), answer);
        let (mut waiting, work) = visit.submit(call.call.clone(), task);
        first.extend(work);
        if let Ok(answer) = waiting.try_recv() {
            assert_eq!(answer.unwrap_err().code, Code::TOO_MANY_OBJECTS);
            refused += 1;
        }
    }
    let taken = (300 - refused) * BYTES;
    let most = 2 * usize::try_from(Limits::default().upload_bytes).unwrap();
    assert!(
        (most - BYTES..most + (64 << 20)).contains(&taken),
        "{taken}"
    );

    // What comes with a call that is refused has happened all the same.
    let mut call = visit.statement(None, "SELECT ?", &[EffectKind::Release]);
    call.arguments = Some(vec![Value::Scalar(Scalar::Bytes(vec![0; most].into()))]);
    let task = |answer| Task::Execute(call.clone(), answer);
    let (mut waiting, _) = visit.submit(call.call.clone(), task);
    let code = waiting.try_recv().unwrap().unwrap_err().code;
    assert_eq!(code, Code::TOO_MANY_OBJECTS);

    for work in first {
        tokio::time::timeout(LONG, work).await.expect("it hangs");
    }
    visit.carry(&[EffectKind::Release]);
    visit.execute("SELECT 1").await.unwrap();
    place.is_quiet("after all").await;
}
