//! What rides on a Connection's next call.

use onepool_proto::message::{Effect, EffectKind};
use onepool_proto::{Code, Failure};

use super::connection::State;
use super::transaction::Transaction;

impl State {
    /// Applies the effects that have not been applied yet. None of them waits.
    pub(super) fn apply_effects(&mut self, effects: Vec<Effect>) -> Result<(), Failure> {
        let mut first = Ok(());
        for Effect { sequence, kind } in effects {
            if sequence <= self.applied {
                continue;
            }
            if sequence != self.applied + 1 {
                return Err(Failure::new(
                    Code::OUT_OF_ORDER,
                    format!("effect {sequence} follows effect {}", self.applied),
                ));
            }
            self.applied = sequence;
            // What follows a failed effect still happens: a rollback, say, or the close.
            first = first.and(self.apply_effect(kind));
        }
        first
    }

    fn apply_effect(&mut self, kind: EffectKind) -> Result<(), Failure> {
        match kind {
            // The Connection was opened when its first call arrived.
            EffectKind::Open { .. } => (),
            EffectKind::Begin { transaction } => {
                self.may_begin(transaction)?;
                let statement = self.plain_begin();
                let settings = self.settings.clone();
                self.transaction = Some(Transaction::new(transaction, statement, settings));
            }
            EffectKind::Savepoint { transaction, depth } => {
                self.transaction_mut(transaction)?.savepoint(depth);
            }
            EffectKind::RollbackTo { transaction, depth } => {
                // A transaction that has ended has taken its savepoints with it.
                if let Ok(transaction) = self.transaction_mut(transaction) {
                    transaction.roll_back_to(depth);
                }
            }
            EffectKind::Rollback { transaction } => {
                if self.transaction_mut(transaction).is_ok() {
                    self.abandon_transaction();
                }
            }
            EffectKind::CloseRowSet { row_set } => {
                self.row_sets.remove(&row_set);
            }
            EffectKind::Release => self.release(),
            EffectKind::Close => {
                self.release();
                self.closed = true;
            }
        }
        Ok(())
    }
}
