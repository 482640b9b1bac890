//! The commands that ask a daemon: what they print, what they send, how they end.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::time::Duration;

use model::Share;
use model::verb::Verb;
use server::Refused;
use server::api::DaemonStatus;

use crate::ferry::Folder;
use crate::office::{FakeDesk, OPERATOR, Office, VIEWER, desk, history};

#[test]
fn pages_show_what_the_daemon_knows() {
    let office = Office::new("daemon-pages", desk());
    for command in
        ["get", "get api", "describe api", "explain api", "plan api", "history api", "status"]
    {
        let answer = office.ferry_as(Some(VIEWER), command);
        assert_eq!((answer.code, answer.stderr.as_str()), (Some(0), ""), "{command}");
        insta::assert_snapshot!(command.replace(' ', "_"), answer.stdout);
    }
}

#[test]
fn json_is_what_the_daemon_sent() {
    let office = Office::new("daemon-json", desk());
    let list = office.ferry("get -o json").stdout;
    let list: server::api::List = serde_json::from_str(&list).unwrap();
    assert_eq!(list.items.len(), 2);
    assert_eq!(list.orphans.len(), 1);
    let detail = office.ferry("get api -o json").stdout;
    let detail: server::api::Detail = serde_json::from_str(&detail).unwrap();
    assert_eq!(&detail, office.desk.fleet.migrations["api"].as_ref());
    let outlook = office.ferry("plan api -o json").stdout;
    let outlook: server::api::Outlook = serde_json::from_str(&outlook).unwrap();
    assert_eq!((outlook.name.as_str(), outlook.calendar.len()), ("api", 6));
    let status = office.ferry("status -o json").stdout;
    let status: DaemonStatus = serde_json::from_str(&status).unwrap();
    assert_eq!(status, office.desk.fleet.daemon);
    let lines = office.ferry("history api --after 0 -o json").stdout;
    let entries: Vec<store::Numbered> =
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(entries, office.desk.history);
}

#[test]
fn history_shows_the_newest_first_and_follows_its_pages_up_to_the_limit() {
    let desk = FakeDesk { history: history(2_300), ..desk() };
    let office = Office::new("daemon-history", desk);
    let sequences = |arguments: &str| {
        let answer = office.ferry(&format!("history api -o json {arguments}"));
        let of = |line: &str| serde_json::from_str::<store::Numbered>(line).unwrap().sequence;
        let sequences: Vec<u64> = answer.stdout.lines().map(of).collect();
        (sequences.len(), sequences.first().copied(), sequences.last().copied())
    };
    assert_eq!(sequences(""), (30, Some(2_300), Some(2_271)));
    assert_eq!(sequences("--all"), (2_300, Some(2_300), Some(1)));
    assert_eq!(sequences("--limit 1500"), (1_500, Some(2_300), Some(801)));
    assert_eq!(sequences("--before 101"), (30, Some(100), Some(71)));
    assert_eq!(sequences("--before 101 --all"), (100, Some(100), Some(1)));
    assert_eq!(sequences("--before 1"), (0, None, None));
    assert_eq!(sequences("--after 0"), (2_300, Some(1), Some(2_300)));
    assert_eq!(sequences("--after 100 --limit 1500"), (1_500, Some(101), Some(1_600)));
    assert_eq!(sequences("--after 2300"), (0, None, None));
    assert_eq!(sequences("--after 10 --before 14"), (3, Some(11), Some(13)));
    let shown = office.ferry("describe api").stdout;
    assert!(shown.contains("  2300  ") && !shown.contains("  2290  "), "{shown}");
    let more = office.ferry("history api --limit 2").stdout;
    assert!(more.ends_with("Older: ferry history api --before 2299, or --all.\n"), "{more}");
    let end = office.ferry("history api --before 3").stdout;
    assert!(!end.contains("Older:"), "{end}");
    for conflict in ["--all --limit 3", "--before 0", "--after -1"] {
        let answer = office.ferry(&format!("history api {conflict}"));
        assert_eq!(answer.code, Some(2), "{conflict}: {}", answer.stderr);
    }
}

#[test]
fn going_forward_names_what_was_looked_at_and_stopping_does_not_look() {
    let office = Office::new("daemon-if-match", desk());
    for command in ["resume", "advance", "pin --share 12.5%", "pause", "rollback", "freeze"] {
        let answer = office.ferry(&format!("{command} api"));
        assert_eq!((answer.code, answer.stderr.as_str()), (Some(0), ""), "{command}");
        let verb = office.heard().last().unwrap().1;
        assert_eq!(answer.stdout, format!("api: {verb}\n"));
    }
    let share = Share::from_per_mille(125).unwrap();
    let seen = |verb| ("api".to_owned(), verb, "alice".to_owned(), Some("7".to_owned()));
    let blind = |verb| ("api".to_owned(), verb, "alice".to_owned(), None);
    assert_eq!(
        office.heard(),
        [
            seen(Verb::Resume),
            seen(Verb::Advance),
            seen(Verb::Pin { share }),
            blind(Verb::Pause),
            blind(Verb::Rollback),
            blind(Verb::Freeze),
        ]
    );
    // What is not known to the daemon's list can be stopped all the same, if it is there.
    let answer = office.ferry("rollback unlisted");
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
}

#[test]
fn one_refusal_does_not_keep_the_others_from_stopping() {
    let refused = Refused::Conflict("somebody else was faster".to_owned());
    let desk = FakeDesk { refused: BTreeMap::from([("api".to_owned(), refused)]), ..desk() };
    let office = Office::new("daemon-all", desk);
    for verb in ["pause", "freeze"] {
        let answer = office.ferry(&format!("{verb} --all"));
        assert_eq!(answer.code, Some(1));
        assert!(answer.stdout.contains(&format!("api: {verb} was not heard\nweb: ")));
        assert!(answer.stderr.contains("somebody else was faster"), "{}", answer.stderr);
    }
    assert_eq!(office.heard().len(), 4);
    assert_eq!(office.ferry("pause").code, Some(2), "all of them only if it is said");
    assert_eq!(office.ferry("pause api --all").code, Some(2));
    assert_eq!(office.ferry("rollback --all").code, Some(2));
    assert_eq!(office.heard().len(), 4);
}

#[test]
fn a_refusal_is_said_with_its_exit_code() {
    let unavailable = Refused::Unavailable("the store cannot be written".to_owned());
    let conflict = Refused::Conflict("advance: alice paused it; `resume` first".to_owned());
    let refused = BTreeMap::from([("api".to_owned(), conflict), ("web".to_owned(), unavailable)]);
    let office = Office::new("daemon-refusals", FakeDesk { refused, ..desk() });
    for (token, command, code, sentence) in [
        (Some(OPERATOR), "advance api", 1, "error: advance: alice paused it; `resume` first\n"),
        (Some(OPERATOR), "advance web", 3, "cannot at present: the store cannot be written\n"),
        (Some(OPERATOR), "describe nobody", 1, "error: there is no migration `nobody`\n"),
        (
            Some(OPERATOR),
            "describe ../../status",
            1,
            "error: there is no migration `../../status`\n",
        ),
        (Some(VIEWER), "pause api", 1, "error: eve is a viewer, and this takes an operator\n"),
        (None, "get", 2, "give one in FERRY_TOKEN or with `--token-file FILE`\n"),
        (Some("wrong"), "get", 2, "nobody has this token; give one in FERRY_TOKEN"),
    ] {
        let answer = office.ferry_as(token, command);
        assert_eq!(answer.code, Some(code), "{command}: {}", answer.stderr);
        assert!(answer.stderr.contains(sentence), "{command}: {}", answer.stderr);
        assert_eq!(answer.stdout, "", "{command}");
    }
    let page = office.ferry("describe web");
    assert_eq!(page.code, Some(0), "the store is down, and the page is shown all the same");
    assert!(page.stdout.contains("could not be read"), "{}", page.stdout);
}

#[test]
fn release_and_confirm_say_what_became_of_it() {
    let office = Office::new("daemon-release", desk());
    let answer = office.ferry("release old");
    assert_eq!(
        (answer.code, answer.stdout.as_str()),
        (Some(0), "old: EC2's bounds 20..600: written\n")
    );
    let answer = office.ferry("release stuck");
    assert_eq!(answer.code, Some(1), "what was not restored is no success");
    assert!(answer.stdout.contains("not done: no permission"));
    assert_eq!(office.ferry("confirm gone").stdout, "gone: its removal is confirmed\n");
    let answer = office.ferry("confirm gone api");
    assert_eq!(answer.code, Some(1));
    assert!(answer.stderr.contains("exactly `gone` waits"), "{}", answer.stderr);
}

#[test]
fn a_daemon_with_a_problem_is_a_no() {
    let mut desk = desk();
    let daemon: &mut DaemonStatus = &mut desk.fleet.daemon;
    daemon.configuration.problems = vec!["api.yaml:3:5: unknown field \u{1b}[31m`x`".to_owned()];
    daemon.store_problem = Some("disk full".to_owned());
    desk.heartbeat_age = Duration::from_secs(90);
    let office = Office::new("daemon-problems", desk);
    let answer = office.ferry("status");
    assert_eq!(answer.code, Some(1));
    assert!(answer.stdout.contains("api.yaml:3:5: unknown field [31m`x`"), "{}", answer.stdout);
    assert!(answer.stdout.contains("nothing can be recorded: disk full"), "{}", answer.stdout);
    let answer = office.ferry_as(None, "healthcheck");
    assert_eq!(answer.code, Some(1));
    assert!(answer.stderr.contains("no sign of life for 90 s"), "{}", answer.stderr);
}

#[test]
fn a_living_daemon_is_healthy_without_a_token() {
    let office = Office::new("daemon-healthy", desk());
    let answer = office.ferry_as(None, "healthcheck");
    assert_eq!((answer.code, answer.stdout.as_str()), (Some(0), "ok\n"));
}

#[test]
fn who_is_not_reached_is_named_with_a_way_out() {
    // A port that was free a moment ago, and that nobody listens on now.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let folder = Folder::new("daemon-unreachable", &[]);
    for command in ["get", "status", "healthcheck", "pause --all", "rollback api", "describe api"] {
        let answer = folder.ferry(&format!("{command} --server http://{address}"));
        assert_eq!(answer.code, Some(3), "{command}");
        for words in
            [&format!("http://{address}/: Connection refused"), "`ferry run`", "`--server`"]
        {
            assert!(answer.stderr.contains(words), "{command}: {}", answer.stderr);
        }
    }
    for server in ["nonsense", "ftp://example.com", "http://a:secret@example.com", "http://x/?y"] {
        let answer = folder.ferry(&format!("get --server {server}"));
        assert_eq!(answer.code, Some(2), "{server}");
        assert!(!answer.stderr.contains("secret"), "{}", answer.stderr);
    }
}

#[test]
fn a_token_comes_from_a_file_too_and_is_never_shown() {
    let office = Office::new("daemon-token", desk());
    let answer = office.ferry_as(Some("wrong"), "pause api --token-file token");
    assert_eq!(answer.code, Some(0), "the file is nearer than the environment: {}", answer.stderr);
    let secret = "two words";
    for (token, arguments) in [
        (OPERATOR, "get"),
        (OPERATOR, "get --help"),
        (OPERATOR, "advance nobody"),
        (OPERATOR, "get --server http://127.0.0.1:1"),
        (secret, "get"),
        (secret, "get --token-file nowhere"),
        ("unknownunknown", "status"),
    ] {
        let answer = office.ferry_as(Some(token), arguments);
        let said = answer.stdout + &answer.stderr;
        assert!(!said.contains(token), "{arguments}: {said}");
    }
}
