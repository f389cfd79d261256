//! Each mistake that a configuration can have, and what is said of it.

use super::problems_of;

/// What is written below the database's URL, and what is said of it.
const MISTAKES: &[(&str, &[&str])] = &[
    ("x = = 1", &["test.toml:3: "]),
    (
        "[pool]\nmax_conections = 3",
        &[
            "test.toml:4: pool.max_conections: ",
            "did you mean \"max_connections\"?",
        ],
    ),
    (
        "max_connections = 3",
        &[
            "test.toml:3: database.max_connections: ",
            "belongs into [pool]",
        ],
    ),
    (
        "[zebra]",
        &["test.toml:3: zebra: ", "there are: ", "plugins"],
    ),
    (
        "[metrics]\nlisten = '0.0.0.0:9187'",
        &["test.toml:4: metrics.listen: other machines", "exposed"],
    ),
    (
        "[metrics]\nlisten = '9187'",
        &["metrics.listen: \"9187\" is no place to listen at"],
    ),
    (
        "[plugins.p]\nprogram = 'sh'\nlogin = 'x'",
        &["test.toml:5: plugins.p.login: ", "expected a table"],
    ),
    (
        "[plugins.p]\nprogram = 'sh'\nlogin.password = 's3cret'",
        &["plugins.p.login.user: it is missing; give the user"],
    ),
    (
        "[plugins.p]\nprogram = 'sh'\nlogin = { user = 'p', passwort = 'x' }",
        &["plugins.p.login.passwort: ", "did you mean \"password\"?"],
    ),
    (
        "[plugins.p]\nprogram = 'sh'\nlogin = { user = 'p', password = 7 }",
        &["plugins.p.login.password: ", "text in quotes"],
    ),
    (
        "[plugins.p]\nprogram = 'sh'\nlogin = { user = 'p', password = 'x', password_file = 'y' }",
        &["plugins.p.login.password_file: there is another password"],
    ),
    (
        "[plugins.p]\nprogram = 'sh'\nlogin = { user = 'p', password_command = [] }",
        &["plugins.p.login.password_command: the list is empty"],
    ),
    (
        "[plugins.p]\nprogram = 'sh'\nlogin.user = ''",
        &["plugins.p.login.user: it is empty"],
    ),
    (
        "[plugins.p]\nprogram = 'sh'\nschema = ''",
        &["test.toml:5: plugins.p.schema: it is empty"],
    ),
    (
        "[plugins.p]\nprogram = 'sh'\nschema = ['a']",
        &["plugins.p.schema: "],
    ),
    (
        "[plugins.p]\nprogram = 'sh'\nread_only = 'maybe'",
        &["plugins.p.read_only: ", "maybe"],
    ),
    (
        "[pool]\nmax_connections = 'many'",
        &["test.toml:4: pool.max_connections: ", "a whole number"],
    ),
    (
        "[pool]\nmax_connections = -1",
        &["pool.max_connections: ", "`-1`", "a whole number"],
    ),
    (
        "[pool]\nmax_connections = 1",
        &["1 is too few; give at least 2: 1 for work"],
    ),
    (
        "[pool]\nmin_connections = 10",
        &["max_connections leaves 9 for work"],
    ),
    (
        "[pool]\nconnecting_at_once = 0",
        &["pool.connecting_at_once: ", "at least 1"],
    ),
    (
        "[pool]\nidle_timeout = 30",
        &["pool.idle_timeout: ", "30 has no unit; write \"30s\""],
    ),
    ("[pool]\nidle_timeout = '30'", &["no unit; write \"30s\""]),
    (
        "[pool]\nidle_timeout = 'soon'",
        &["\"soon\" is not a duration", "\"5min\""],
    ),
    (
        "[pool]\nmax_lifetime = '0s'",
        &["pool.max_lifetime: 0 leaves no time"],
    ),
    (
        "[pool]\nhold_and_wait_timeout = 'never'",
        &["\"never\" is not a duration"],
    ),
    (
        "[host]\nendpoint = 'here'",
        &["host.endpoint: ", "must be absolute"],
    ),
    (
        "[host]\nallowed_users = ['no-such-user-here']",
        &["there is no user \"no-such-user-here\""],
    ),
    (
        "[host]\nallowed_users = 'app'",
        &["host.allowed_users: ", "a list"],
    ),
    (
        "[host]\nmax_sessions = 0",
        &["host.max_sessions: 0 would let no plugin in"],
    ),
    (
        "[limits]\nframe_bytes = 1000",
        &["limits.frame_bytes: 1000 is less"],
    ),
    (
        "[log]\nfilter = 'a=b=c'",
        &["log.filter: ", "write a level"],
    ),
    (
        "[log]\nformat = 'xml'",
        &["unknown variant `xml`", "`text` or `json`"],
    ),
    (
        "[quota]\nmin = 1",
        &["quota.min: ", "every plugin that ever connects"],
    ),
    ("[quota]\nmax = 0", &["quota.max: 0 lets nothing run"]),
    (
        "[quota]\nmax = 11",
        &["11 is more than max_connections, 10"],
    ),
    ("[quota]\nweight = 0", &["quota.weight: 0 would keep"]),
    ("[quota]\nqueue_length = 0", &["quota.queue_length: 0"]),
    (
        "[quota]\nstatement_timeout = '0s'",
        &["quota.statement_timeout: 0"],
    ),
    (
        "[plugins.p]",
        &["test.toml:3: plugins.p.program: it is missing"],
    ),
    (
        "[plugins.p]\nprogram = ''",
        &["plugins.p.program: it is empty"],
    ),
    (
        "[plugins.p]\nprogram = '/nowhere/p'",
        &["there is no program at /nowhere/p"],
    ),
    (
        "[plugins.p]\nprogram = 'no-such-program'",
        &["no folder of PATH"],
    ),
    (
        "[plugins.'a b']\nprogram = 'sh'",
        &["plugins.a b: a plugin's name"],
    ),
    (
        "[plugins.p]\nprogram = 'sh'\nworking_folder = '/nowhere'",
        &["its working folder /nowhere"],
    ),
    (
        "[plugins.p]\nprogram = 'sh'\nuser = 'no-such-user-here'",
        &["test.toml:5: plugins.p.user: there is no user"],
    ),
    (
        "[plugins.p]\nprogram = 'sh'\nafter = ['pp']",
        &["there is no plugin \"pp\"; did you mean \"p\"?"],
    ),
    (
        "[plugins.p]\nprogram = 'sh'\nrestart = 'sometimes'",
        &["plugins.p.restart: unknown variant", "on-failure"],
    ),
    (
        "[plugins.p]\nprogram = 'sh'\nrestart_failures = 0",
        &["plugins.p.restart_failures: 0"],
    ),
    (
        "[plugins.p]\nprogram = 'sh'\nrestart_delay = '0s'",
        &["plugins.p.restart_delay: 0"],
    ),
    (
        "[plugins.p]\nprogram = 'sh'\nhandshake_timeout = '0s'",
        &["plugins.p.handshake_timeout: 0"],
    ),
    (
        "[plugins.p]\nprogram = 'sh'\non_host_death = 'mourn'",
        &["plugins.p.on_host_death: unknown variant", "`survive`"],
    ),
    (
        "[plugins.p]\nprogram = 'sh'\nenvironment = { A = [1] }",
        &["plugins.p.environment.A: ", "text in quotes"],
    ),
    (
        "[plugins.p]\nprogram = 'sh'\nquota.max = 1\nquota.min = 2",
        &["plugins.p.quota.max: 1 is less than the min, 2"],
    ),
    ("plugins = 7", &["database.plugins: ", "no such key"]),
    ("[plugins]\np = 7", &["plugins.p: ", "expected a table"]),
    (
        "url_file = '/x'",
        &["database.url_file: there is another URL"],
    ),
    (
        "password_file = '/x'\npassword_command = ['x']",
        &["database.password_command: there is a password_file"],
    ),
    (
        "password_command = []",
        &["database.password_command: the list is empty"],
    ),
    (
        "[databases.main]\nurl = 'sqlite:x'",
        &["test.toml:3: databases.main: this is the name of [database]"],
    ),
    (
        "[databases.'a b']\nurl = 'sqlite:x'",
        &["test.toml:3: databases.a b: a database's name has 1 to 64 letters"],
    ),
    (
        "[databases.r]\nurl = 'mysql://u@h/d'\nreplica = true\nmin_connections = 10",
        &[
            "test.toml:5: databases.r.replica: MySQL does not follow PostgreSQL",
            "test.toml:6: databases.r.min_connections: 10 connections cannot be kept open when \
             max_connections leaves 9 for work",
        ],
    ),
    (
        "[databases.r]\nurl = 'sqlite:x'\nmax_conections = 3\nidle_timeout = '1s'\nreplica = 'no'",
        &[
            "test.toml:5: databases.r.max_conections: there is no such key; did you mean \
             \"max_connections\"?",
            "test.toml:6: databases.r.idle_timeout: there is no such key here; it belongs into [pool]",
            "test.toml:7: databases.r.replica: ",
        ],
    ),
    (
        "[plugins.p]\nprogram = 'sh'\ndatabases = []",
        &["test.toml:5: plugins.p.databases: the list is empty"],
    ),
    (
        "[databases.a]\n[databases.b]\nurl = 'sqlite:x'\nreplica = true\nmax_connections = 0",
        &[
            "databases.a.url: no database is given; write its URL here (sqlite:..., \
             postgres://..., mysql://...)\n",
            "databases.b.replica: SQLite has no replicas",
            "databases.b.max_connections: 0 is too few",
        ],
    ),
    (
        "[databases.notes]\nurl = 'sqlite:x'\n[plugins.p]\nprogram = 'sh'\ndatabases = ['note']",
        &["plugins.p.databases: there is no [databases.note]; did you mean \"notes\"?"],
    ),
    ("[pool]\nidle_timeout = '0s'", &["pool.idle_timeout: 0"]),
    (
        "[pool]\nhold_and_wait_timeout = '0s'",
        &["test.toml:4: pool.hold_and_wait_timeout: 0"],
    ),
    (
        "[host]\nreader_timeout = '0s'",
        &["test.toml:4: host.reader_timeout: 0"],
    ),
    (
        "[admin]\nsocket = 'admin.sock'",
        &["test.toml:4: admin.socket: the path must be absolute"],
    ),
    (
        "[admin]\nsocket = '/x'\noperators = ['no-such-group-here']",
        &["test.toml:5: admin.operators: there is no group \"no-such-group-here\""],
    ),
    (
        "[admin]\nreaders = [0]",
        &[
            "test.toml:4: admin.readers: ",
            "give the admin socket a path of its own",
        ],
    ),
    (
        "[log]\nslow_statement = '0s'\nlong_lease = '0s'",
        &[
            "test.toml:4: log.slow_statement: 0",
            "test.toml:5: log.long_lease: 0",
        ],
    ),
    (
        "[quota]\ntransaction_timeout = '0s'\nidle_in_transaction = '0s'",
        &[
            "test.toml:4: quota.transaction_timeout: 0",
            "quota.idle_in_transaction: 0",
        ],
    ),
    (
        "[plugins.p]\nprogram = 'sh'\nquota.pinned_idle_timeout = '0s'\nquota.weight = 0",
        &[
            "plugins.p.quota.pinned_idle_timeout: 0",
            "plugins.p.quota.weight: 0",
        ],
    ),
    (
        "url_command = ['']",
        &[
            "database.url_command: there is another URL",
            "database.url_command: the list is empty",
        ],
    ),
    ("url = 'twice'", &["test.toml:3: ", "duplicate key"]),
];

#[test]
fn each_mistake_is_explained_at_its_line() {
    for (wrong, says) in MISTAKES {
        let text = format!("[database]\nurl = 'postgres://u@h/d'\n{wrong}\n");
        let problems = problems_of(&text, &[]).join("\n");
        for part in *says {
            assert!(problems.contains(part), "{wrong:?}\n{problems}");
        }
    }
}
