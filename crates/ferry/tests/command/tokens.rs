//! Who may use the API of `ferry run`, by file and by variable.

use crate::ferry::Answer;
use crate::running::{Running, folder};

const OPERATOR: &str = "an-operators-token-of-more-than-forty-three-characters";
const VIEWER: &str = "a-viewers-token-of-more-than-forty-three-characters";

fn lines() -> String {
    format!("operator alice {OPERATOR}\nviewer eve {VIEWER}\n")
}

#[test]
fn tokens_in_a_variable_let_in_whom_they_name_and_nobody_else() {
    let folder = folder("tokens-variable", &["api"]);
    let daemon = Running::ferry_with(&folder, &[("FERRY_TOKENS", &lines())], "--config config");
    let ask = |token: &str, arguments: &[&str]| {
        let server = format!("http://{}", daemon.address);
        let variables = [("FERRY_SERVER", server.as_str()), ("FERRY_TOKEN", token)];
        folder.command_with(&variables, arguments)
    };
    assert_eq!(daemon.get("/api/v1/migrations").unwrap().0, 401, "nobody is let in unnamed");
    let seen = ask(VIEWER, &["get"]);
    assert_eq!(seen.code, Some(0), "{}", seen.stderr);
    let denied = ask(VIEWER, &["pause", "api"]);
    assert_ne!(denied.code, Some(0));
    assert!(denied.stderr.contains("operator"), "{}", denied.stderr);
    let paused = ask(OPERATOR, &["pause", "api"]);
    assert_eq!(paused.code, Some(0), "{}", paused.stderr);
}

#[test]
fn who_may_use_the_api_is_said_once_and_well_before_others_can_reach_it() {
    let folder = folder("tokens-wrong", &["api"]);
    std::fs::write(folder.path().join("tokens"), lines()).unwrap();
    let run = |variable: &str, arguments: &[&str]| {
        let mut all = vec!["run", "--config", "config"];
        all.extend(arguments);
        folder.command_with(&[("FERRY_TOKENS", variable)], &all)
    };
    let says = |answer: &Answer, what: &str| {
        assert_eq!(answer.code, Some(2), "{}", answer.stderr);
        assert!(answer.stderr.contains(what), "{}", answer.stderr);
    };
    says(&run("", &["--listen", "0.0.0.0:0"]), "say who may use the API with --tokens");
    says(&run(&lines(), &["--tokens", "tokens"]), "--tokens: FERRY_TOKENS is set as well");
    says(&run("", &["--tokens", "none"]), "none: ");
    let short = run("operator alice too-short-a-secret\n", &[]);
    says(&short, "FERRY_TOKENS: line 1");
    assert!(!short.stderr.contains("too-short-a-secret"), "{}", short.stderr);
    says(&run("king alice secret\n", &[]), "FERRY_TOKENS: line 1");
    says(&run("# nobody\n", &[]), "FERRY_TOKENS: ");
}
