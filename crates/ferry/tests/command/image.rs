//! What the image and the task definition in `deploy/ecs` ask for is there, and is enough.

use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::ferry::{Answer, example, root};
use crate::region::python;
use crate::running::{Running, folder, until};

/// The arguments of an instruction of the Dockerfile in its JSON form, the last one of that name.
fn instruction(name: &str) -> Vec<String> {
    let text = example("Dockerfile").replace("\\\n", " ");
    let line = text.lines().rfind(|line| line.starts_with(name)).unwrap();
    let list = &line[line.find('[').unwrap()..];
    serde_json::from_str(list).unwrap()
}

fn container() -> Value {
    let task: Value = serde_json::from_str(&example("deploy/ecs/task-definition.json")).unwrap();
    task["containerDefinitions"][0].clone()
}

/// The image's command in `folder`, with everything outside of it put inside.
fn command_of_the_image(listen: &str) -> Vec<String> {
    let moved = |argument: String| {
        argument
            .replace("/etc/ferry/migrations", "config")
            .replace("/var/lib/ferry/", "")
            .replace("0.0.0.0:9180", listen)
    };
    instruction("CMD").into_iter().map(moved).collect()
}

const ENVIRONMENT: [(&str, &str); 4] = [
    ("FERRY_TOKENS", "operator alice an-operators-token-of-more-than-forty-three-characters"),
    ("AWS_ENDPOINT_URL", "http://127.0.0.1:9"),
    ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
    ("AWS_SECRET_ACCESS_KEY", "secret"),
];

#[test]
fn what_the_image_runs_serves_and_is_healthy() {
    let folder = folder("image", &["api"]);
    let file = folder.path().join("config/api.yaml");
    let observing = std::fs::read_to_string(&file).unwrap().replace("mode: act", "mode: observe");
    std::fs::write(file, observing).unwrap();
    assert_eq!(instruction("ENTRYPOINT"), ["/usr/local/bin/ferry"]);
    let arguments = command_of_the_image("127.0.0.1:0");
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut daemon = Running::daemon(folder.to_run(&arguments).envs(ENVIRONMENT));
    let health = instruction("HEALTHCHECK");
    assert_eq!(health[0], "/usr/local/bin/ferry");
    let health: Vec<&str> = health[1..].iter().map(String::as_str).collect();
    let server = format!("http://{}", daemon.address);
    until("a healthy daemon", Duration::from_secs(60), || {
        let answer = folder.command_with(&[("FERRY_SERVER", &server)], &health);
        (answer.code == Some(0)).then_some(())
    });
    assert!(folder.files().contains(&"ferry.sqlite".to_owned()), "{:?}", folder.files());
    daemon.terminate();
    let (status, _) = daemon.end_within(Duration::from_secs(20));
    assert!(status.success(), "{status}");
}

#[test]
fn without_tokens_the_image_does_not_open_a_port_to_others() {
    let folder = folder("image-open", &[]);
    let arguments = command_of_the_image("0.0.0.0:9180");
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let answer = folder.command(&arguments);
    assert_eq!(answer.code, Some(2), "{}", answer.stderr);
    assert!(answer.stderr.contains("FERRY_TOKENS"), "{}", answer.stderr);
}

#[test]
fn the_image_and_the_task_agree_on_user_volume_and_health() {
    let dockerfile = example("Dockerfile");
    let container = container();
    let user = container["user"].as_str().unwrap();
    assert!(dockerfile.contains(&format!("\nUSER {user}\n")), "{user}");
    assert!(!user.starts_with('0'), "root");
    assert_eq!(container["readonlyRootFilesystem"], true);
    let mounts = container["mountPoints"].as_array().unwrap();
    let written: Vec<&str> =
        mounts.iter().map(|it| it["containerPath"].as_str().unwrap()).collect();
    assert_eq!(written, instruction("VOLUME"), "nothing else can be written to");
    let store = instruction("CMD").iter().position(|it| it == "--store").unwrap() + 1;
    assert!(instruction("CMD")[store].starts_with(written[0]));
    let mut health = vec!["CMD".to_owned()];
    health.extend(instruction("HEALTHCHECK"));
    assert_eq!(container["healthCheck"]["command"], serde_json::json!(health));
    // A daemon that is told to stop has 15 s in its worst case.
    assert!(container["stopTimeout"].as_u64().unwrap() >= 20);
}

#[test]
fn one_daemon_ends_before_the_next_begins() {
    let service: Value = serde_json::from_str(&example("deploy/ecs/service.json")).unwrap();
    assert_eq!(service["desiredCount"], 1);
    let deployment = &service["deploymentConfiguration"];
    assert_eq!(deployment["minimumHealthyPercent"], 0, "the old one's file goes with it");
    assert_eq!(deployment["maximumPercent"], 100);
}

#[test]
fn ecs_would_take_the_files_in_deploy() {
    let output = Command::new(python())
        .arg(root().join("tests/aws/deploy.py"))
        .arg(root().join("deploy/ecs"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output();
    let answer = Answer::of(&output.unwrap());
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
}
