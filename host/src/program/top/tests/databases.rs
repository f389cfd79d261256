//! A host with several databases.

use serde_json::json;

use super::*;

fn database(name: &str, leased: u32, waiting: usize) -> Value {
    json!({
        "name": name, "database": "PostgreSQL", "replica": false,
        "summary": "nobody waits", "verdict": "fine", "max_connections": 9,
        "backends": {
            "connecting": 0, "free": 2, "leased": leased, "resetting": 0, "closing": 0, "control": 1
        },
        "peak": 7, "waiting": waiting
    })
}

#[test]
fn each_has_a_line_and_every_row_says_which_it_is_of() {
    let mut given = Given::busy();
    given.status["databases"] = json!([database("main", 1, 0), database("notes", 4, 3)]);
    given.statements[0]["database"] = "notes".into();
    given.leases[0]["database"] = "main".into();
    let mut board = given.board();
    let drawn = screen(&board, 120, 30);
    for part in [
        "main         4 of 9, 7 at peak: 1 leased, 2 free, 0 waiting",
        "notes        7 of 9, 7 at peak: 4 leased, 2 free, 3 waiting",
        "reports@notes",
        "reports@main",
    ] {
        line(&drawn, part);
    }
    assert!(!drawn.join(" ").contains("connections  "), "{drawn:#?}");
    press(&mut board, KeyCode::Char('/'));
    types(&mut board, "notes");
    press(&mut board, KeyCode::Enter);
    line(&screen(&board, 120, 30), " Statements (1 of 2) ");
}

#[test]
fn many_leave_room_for_the_lists() {
    let mut given = Given::busy();
    let names = (0..20).map(|number| database(&format!("shard-{number}"), 0, 0));
    given.status["databases"] = names.collect::<Vec<_>>().into();
    let drawn = screen(&given.board(), 80, 24);
    line(&drawn, "and 14 more databases: `onepool status`");
    line(&drawn, "statement-7.33");
}
