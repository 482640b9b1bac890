//! What a person sees.

use model::inventory::Launch;
use preflight::{Style, text};

use crate::base::{Kind, landscape};

const PLAIN: Style = Style { width: 100, is_coloured: false };

#[test]
fn findings_stand_by_gravity_with_what_to_do() {
    let mut here = landscape(Kind::Records);
    let service = here.sides.fargate.service.as_mut().unwrap().as_mut().unwrap();
    service.launch = Launch::Providers(vec!["FARGATE".to_owned(), "FARGATE_SPOT".to_owned()]);
    service.running = 0;
    service.grace = None;
    let task = here.sides.fargate.task_definition.as_mut().unwrap().as_mut().unwrap();
    task.ephemeral_gib = None;
    let found = preflight::check(&[here]);
    insta::assert_snapshot!(text(&found, &["tapple-api"], PLAIN));
}

#[test]
fn what_holds_for_several_migrations_is_said_once() {
    let mut second = landscape(Kind::Records);
    std::sync::Arc::make_mut(&mut second.migration).metadata.name = "web".parse().unwrap();
    let service = second.sides.fargate.service.as_mut().unwrap().as_mut().unwrap();
    service.grace = None;
    let found = preflight::check(&[landscape(Kind::Records), second]);
    let page = text(&found, &["tapple-api", "web"], PLAIN);
    assert_eq!(page.matches("account.retirement").count(), 1, "{page}");
    assert_eq!(page.matches("Tasks are retired").count(), 1, "{page}");
    assert!(page.contains("    web: The Fargate service prd/api-fargate has a grace"), "{page}");
}

#[test]
fn nothing_wrong_is_said_in_one_line() {
    assert_eq!(text(&[], &["a", "b"], PLAIN), "a, b: nothing stands in the way.\n");
}

#[test]
fn no_line_but_of_a_command_is_wider_than_asked_for() {
    for width in [60, 80, 100, 300] {
        let style = Style { width, is_coloured: false };
        for kind in [Kind::Records, Kind::Policy, Kind::Rule, Kind::Worker, Kind::Scheduled] {
            let found = preflight::check(&[landscape(kind)]);
            for line in text(&found, &["tapple-api"], style).lines() {
                let is_command = line.starts_with("      $") || line.starts_with("          ");
                assert!(is_command || line.chars().count() <= width.min(100), "{line}");
            }
        }
    }
}

#[test]
fn names_from_aws_cannot_move_the_cursor() {
    let mut here = landscape(Kind::Records);
    let service = here.sides.ec2.service.as_mut().unwrap().as_mut().unwrap();
    service.status = "X\u{1b}[2J".to_owned();
    let found = preflight::check(&[here]);
    assert!(!text(&found, &["tapple-api"], PLAIN).contains('\u{1b}'));
    let coloured = text(&found, &["tapple-api"], Style { width: 100, is_coloured: true });
    assert!(coloured.contains("\u{1b}[31m") && !coloured.contains("\u{1b}[2J"));
}
