use onepool_proto::id::Mint;
use onepool_proto::{Code, Failure};
use proptest::prelude::*;

use super::*;

fn queue() -> Arc<EffectQueue> {
    let id = ConnectionId::mint(&Mint::new());
    EffectQueue::open(id, FlushQueue::unserved(), false)
}

fn numbered(number: u8) -> EffectKind {
    let row_set = RowSetId::from_bytes([number; 16]);
    EffectKind::CloseRowSet { row_set }
}

fn failure() -> Failure {
    Failure::new(Code::QUEUE_TIMEOUT, "waited")
}

/// What happens to a call.
#[derive(Clone, Copy, Debug)]
enum Fate {
    /// Dropped before it was written.
    NeverWritten,
    /// Written, and dropped before the answer.
    Unanswered,
    /// Refused before the effects took effect.
    Refused,
    /// Failed after they had.
    Failed,
    Succeeded,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Defer,
    Queue,
    RetractLast,
    Call(Fate),
    Flush(Fate),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let fate = prop_oneof![
        Just(Fate::NeverWritten),
        Just(Fate::Unanswered),
        Just(Fate::Refused),
        Just(Fate::Failed),
        Just(Fate::Succeeded),
    ];
    let step = prop_oneof![
        3 => Just(Step::Defer),
        3 => Just(Step::Queue),
        2 => Just(Step::RetractLast),
        3 => fate.clone().prop_map(Step::Call),
        2 => fate.prop_map(Step::Flush),
    ];
    proptest::collection::vec(step, 0..60)
}

/// A host as the protocol describes it: it applies each effect once, in order.
#[derive(Debug, Default)]
struct Host {
    applied: u64,
    kinds: Vec<EffectKind>,
}

impl Host {
    fn hear(&mut self, fate: Fate, effects: Vec<Effect>) -> Result<(), CallError> {
        if !matches!(fate, Fate::NeverWritten | Fate::Refused) {
            for effect in effects {
                if effect.sequence > self.applied {
                    assert_eq!(effect.sequence, self.applied + 1, "no gaps");
                    self.applied = effect.sequence;
                    self.kinds.push(effect.kind);
                }
            }
        }
        match fate {
            Fate::Succeeded => Ok(()),
            Fate::Failed | Fate::Refused => Err(CallError::Refused(failure())),
            Fate::NeverWritten | Fate::Unanswered => Err(CallError::Unanswered(failure())),
        }
    }
}

proptest! {
    #[test]
    fn every_effect_takes_effect_once_and_in_order(steps in steps()) {
        let queue = queue();
        let mut host = Host::default();
        let mut expected = vec![EffectKind::Open { read_only: false }];
        // The sequence numbers of `expected`, and how many of them a call has carried.
        let (mut sequences, mut carried) = (vec![1], 0);
        for (number, step) in (0_u8..).zip(steps) {
            match step {
                Step::Defer => {
                    sequences.push(queue.defer(numbered(number)));
                    expected.push(numbered(number));
                }
                Step::Queue => {
                    queue.queue(numbered(number), Urgency::Soon);
                    sequences.push(sequences.last().map_or(1, |last| last + 1));
                    expected.push(numbered(number));
                }
                Step::RetractLast => {
                    if let Some(last) = sequences.last() {
                        let retracted = queue.retract(*last);
                        prop_assert_eq!(retracted, sequences.len() > carried);
                        if retracted {
                            sequences.pop();
                            expected.pop();
                        }
                    }
                }
                Step::Call(fate) => {
                    let (effects, through) = queue.carry().unwrap();
                    carried = expected.len();
                    queue.settle(through, &host.hear(fate, effects));
                }
                Step::Flush(fate) => {
                    if let Some((effects, through)) = queue.flush() {
                        carried = expected.len();
                        queue.settle(through, &host.hear(fate, effects.effects));
                    }
                }
            }
        }
        if let Some((effects, through)) = queue.flush() {
            queue.settle(through, &host.hear(Fate::Succeeded, effects.effects));
        }
        prop_assert_eq!(host.kinds, expected);
        prop_assert!(queue.flush().is_none(), "all were acknowledged");
    }
}

#[test]
fn a_connection_that_the_host_never_heard_of_ends_without_a_word() {
    let queue = queue();
    queue.queue(EffectKind::Release, Urgency::Later);
    queue.close();
    assert!(queue.flush().is_none());
}

#[test]
fn there_is_always_room_to_close() {
    let queue = queue();
    let _ = queue.carry();
    for _ in 0..2 * limits::EFFECTS {
        queue.queue(EffectKind::Release, Urgency::Later);
    }
    assert!(queue.is_overfull());
    assert!(queue.carry().is_none(), "no call is sent any more");
    queue.close();
    let (effects, through) = queue.flush().unwrap();
    assert_eq!(effects.effects.len(), limits::EFFECTS as usize);
    let last = effects.effects.last().unwrap();
    assert_eq!(
        (last.sequence, &last.kind),
        (u64::from(limits::EFFECTS), &EffectKind::Close)
    );
    queue.settle(through, &Ok(()));
    assert!(
        queue.carry().is_none(),
        "what was left out is not made up for"
    );
}
