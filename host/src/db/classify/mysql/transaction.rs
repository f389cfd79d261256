//! `SET TRANSACTION`: how the next transaction begins, or all of the session's from now on.

use super::super::modes::Modes;
use super::super::reason::PinReason;
use super::super::setting::{Form, Setting};
use super::super::statement::{Statement, unquoted};
use super::super::verdict::What;

const ISOLATION: &str = "transaction_isolation";
const ACCESS: &str = "transaction_read_only";

/// The variables behind the modes, with the names they had before.
const VARIABLES: [(&str, &str); 4] = [
    ("tx_isolation", ISOLATION),
    ("tx_read_only", ACCESS),
    (ISOLATION, ISOLATION),
    (ACCESS, ACCESS),
];

/// What the variable of this name is about: one of two settings, under whatever name.
pub(super) fn variable(name: &str) -> Option<&'static str> {
    let known = VARIABLES.iter().find(|(variable, _)| *variable == name);
    known.map(|(_, setting)| *setting)
}

/// What `SET SESSION TRANSACTION` does, whose modes stand from a position on.
pub(super) fn modes(statement: &Statement<'_>, from: usize) -> What {
    let Some(modes) = Modes::read(statement, from).filter(|modes| modes.deferrable.is_none())
    else {
        return What::Pin(PinReason::Setting);
    };
    let isolation = modes.isolation.map(isolation);
    let access = modes.read_only.map(access);
    What::Settings(isolation.into_iter().chain(access).collect())
}

/// What setting one of the variables to a literal does. Kept as modes, so that the last one counts
/// however each was written.
pub(super) fn assigned(setting: &str, literal: &str) -> What {
    let value = unquoted(literal).unwrap_or(literal).to_ascii_uppercase();
    let setting = match (setting, value.as_str()) {
        (ISOLATION, "READ-UNCOMMITTED") => isolation("READ UNCOMMITTED"),
        (ISOLATION, "READ-COMMITTED") => isolation("READ COMMITTED"),
        (ISOLATION, "REPEATABLE-READ") => isolation("REPEATABLE READ"),
        (ISOLATION, "SERIALIZABLE") => isolation("SERIALIZABLE"),
        (ACCESS, "1" | "ON" | "TRUE") => access(true),
        (ACCESS, "0" | "OFF" | "FALSE") => access(false),
        _ => return What::Pin(PinReason::Setting),
    };
    What::Settings(vec![setting])
}

fn isolation(level: &str) -> Setting {
    let value = format!("ISOLATION LEVEL {level}");
    Setting::new(Form::SetTransaction, ISOLATION, Some(value))
}

fn access(read_only: bool) -> Setting {
    let value = if read_only { "READ ONLY" } else { "READ WRITE" };
    Setting::new(Form::SetTransaction, ACCESS, Some(value.to_owned()))
}
