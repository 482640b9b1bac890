//! What every output promises, on a made-up migration and on records at the edge.

mod synthetic;

use model::verdict::Evidence;
use model::{PerSide, Share, Span, Time};
use rehearsal::record::{Entry, EntryKind, Outcome, Record};

/// Records that no output may stumble over.
fn records() -> Vec<(&'static str, Record)> {
    let whole = synthetic::migration();
    let mut one = whole.clone();
    one.samples.truncate(1);
    one.timeline.truncate(1);
    let mut hourly = whole.clone();
    hourly.samples.clear();
    let mut wild = whole.clone();
    let values = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, f64::MIN, -0.0, 5e-324];
    for (entry, value) in wild.samples.iter_mut().zip(values.into_iter().cycle()) {
        entry.p99_ms = PerSide { ec2: Some(value), fargate: Some(-value) };
        entry.requests_per_minute = PerSide { ec2: Some(value), fargate: Some(value) };
        entry.tasks.ec2 = Some(u32::MAX);
        entry.evidence = Some(Evidence {
            harm: value,
            harm_threshold: value,
            safe_threshold: -value,
            ..Evidence::default()
        });
    }
    wild.totals.requests = u64::MAX;
    wild.totals.task_hours = PerSide { ec2: f64::NAN, fargate: f64::INFINITY };
    wild.latency_slo_ms = Some(f64::NAN);
    let mut endless = whole.clone();
    endless.start = Time::from_millis(i64::MIN);
    endless.end = Time::from_millis(i64::MAX);
    let mut backwards = whole.clone();
    (backwards.start, backwards.end) = (whole.end, whole.start);
    backwards.samples.reverse();
    vec![
        ("whole", whole),
        ("empty", synthetic::empty()),
        ("one sample", one),
        ("hourly only", hourly),
        ("wild values", wild),
        ("endless", endless),
        ("backwards", backwards),
    ]
}

#[test]
fn the_timeline_of_three_weeks_is_read_at_a_sitting() {
    let text = report::timeline(&synthetic::migration(), 120, false);
    let lines = text.lines().count();
    assert!((50..=95).contains(&lines), "{lines} lines");
    insta::assert_snapshot!("timeline", text);
}

#[test]
fn a_narrow_terminal_gets_reasons_on_lines_of_their_own() {
    insta::assert_snapshot!("timeline_narrow", report::timeline(&short(), 90, false));
}

#[test]
fn colours_take_no_columns() {
    let text = report::timeline(&short(), 120, true);
    let mut bare = text.clone();
    for style in ["1", "36", "1;31", "35", "2", "0"] {
        bare = bare.replace(&format!("\u{1b}[{style}m"), "");
    }
    assert_ne!(text, bare);
    assert_eq!(bare, report::timeline(&short(), 120, false));
}

#[test]
fn no_line_of_the_timeline_is_wider_than_the_terminal() {
    for (name, record) in records() {
        for width in [90, 100, 120, 200] {
            for line in report::timeline(&record, width, false).lines() {
                let columns = line.chars().count();
                assert!(columns <= width, "{name}: {columns} of {width}: {line}");
            }
        }
    }
}

#[test]
fn everything_that_happened_is_in_every_listing() {
    let record = synthetic::migration();
    let (text, page) = (report::timeline(&record, 120, false), report::html(&record));
    let happened = record.timeline.iter().filter(|entry| entry.kind != EntryKind::Sample);
    let dated = text.lines().filter(|line| line.contains(" Jan ")).count();
    assert!(dated >= happened.clone().count());
    for kind in ["step", "rollback", "fault", "verdict", "scaling", "event", "end"] {
        let rows = page.matches(&format!("<tr class=\"is-{kind}\">")).count();
        let lines =
            text.lines().filter(|line| line.get(18..).is_some_and(|rest| rest.starts_with(kind)));
        assert_eq!(lines.count(), rows, "{kind}");
        assert!(rows > 0, "{kind}");
    }
}

#[test]
fn the_summary_says_outcome_totals_and_findings() {
    insta::assert_snapshot!("summary", report::summary(&synthetic::migration(), 100));
    insta::assert_snapshot!("summary_empty", report::summary(&synthetic::empty(), 100));
}

#[test]
fn each_outcome_is_a_sentence() {
    let outcomes = [
        Outcome::Succeeded,
        Outcome::RolledBack { reason: "latency is proven worse".to_owned() },
        Outcome::Stalled {
            reason: "InsufficientTraffic".to_owned(),
            message: "12 requests a minute prove nothing before the deadline.".to_owned(),
        },
        Outcome::Unfinished { waiting: "the window to open".to_owned() },
    ];
    let sentences: Vec<String> = outcomes
        .into_iter()
        .map(|outcome| Record { outcome, findings: Vec::new(), ..short() })
        .map(|record| report::summary(&record, 100).lines().take(3).collect::<Vec<_>>().join("\n"))
        .collect();
    insta::assert_snapshot!("outcomes", sentences.join("\n"));
}

#[test]
fn the_same_record_gives_the_same_bytes() {
    for (name, record) in records() {
        let again = record.clone();
        assert!(report::html(&record) == report::html(&again), "{name}");
        assert!(report::json(&record) == report::json(&again), "{name}");
        let json = report::json(&record);
        assert!(
            json.ends_with("}\n") && json.starts_with("{\n  \"schema\": \"ferry.rehearsal/1\"")
        );
    }
}

#[test]
fn every_page_is_well_formed_and_all_its_numbers_are_finite() {
    for (name, record) in records() {
        let page = report::html(&record);
        check_tags(name, &page);
        for attribute in ["points", "x", "y", "x1", "y1", "x2", "y2", "cx", "cy", "width", "height"]
        {
            for value in attributes(&page, attribute) {
                for number in value.split([' ', ',']).filter(|number| !number.is_empty()) {
                    let Some(number) = number.parse::<f64>().ok().filter(|n| n.is_finite()) else {
                        // The viewport's is the one attribute value of these that is a word.
                        assert_eq!(value, "device-width", "{name}: {attribute}={value}");
                        continue;
                    };
                    assert!(number.abs() < 10_000.0, "{name}: {attribute}={value}");
                }
            }
        }
        assert!(!page.contains("NaN") && !page.contains("inf\""), "{name}");
        assert!(!page.contains("could not be drawn"), "{name}");
        assert!(!page.contains("#FE01"), "{name}: an ink was not dressed");
    }
}

#[test]
fn nothing_from_outside_is_asked_for() {
    let page = report::html(&synthetic::migration());
    for word in
        ["<script", "<link", "<img", "<iframe", "http:", "https:", "url(", "@import", "src="]
    {
        assert!(!page.contains(word), "{word}");
    }
}

#[test]
fn names_and_reasons_never_become_markup() {
    let evil = "</title><script>x</script>\" onload='y' \u{1b}[31m&amp;";
    let mut record = short();
    record.name = evil.to_owned();
    record.inputs = [(evil.to_owned(), evil.to_owned())].into();
    record.options = [(evil.to_owned(), evil.to_owned())].into();
    record.outcome = Outcome::Stalled { reason: evil.to_owned(), message: evil.to_owned() };
    for entry in &mut record.timeline {
        evil.clone_into(&mut entry.reason);
    }
    for finding in &mut record.findings {
        evil.clone_into(&mut finding.id);
        evil.clone_into(&mut finding.message);
    }
    let page = report::html(&record);
    check_tags("evil", &page);
    assert!(!page.contains("<script") && !page.contains("' \u{1b}") && !page.contains("\" onload"));
    assert!(page.contains("&lt;script&gt;x&lt;/script&gt;&quot; onload=&#39;y&#39;"));
    for text in [report::timeline(&record, 120, false), report::summary(&record, 100)] {
        assert!(!text.contains('\u{1b}'));
    }
}

#[test]
fn a_gap_breaks_lines_and_is_never_a_zero() {
    for missing in [None, Some(f64::NAN), Some(f64::INFINITY), Some(f64::NEG_INFINITY)] {
        let page = report::html(&with_gap(missing));
        let latency = page.split("<figure id=\"latency\">").nth(1).unwrap();
        let wide = latency.split("class=\"narrow\"").next().unwrap();
        let lines: Vec<Vec<(f64, f64)>> = elements(wide, "polyline", "s-ec2").map(points).collect();
        assert_eq!(lines.len(), 2, "the gap parts the line: {missing:?}");
        let heights: Vec<f64> = lines.iter().flatten().map(|point| point.1).collect();
        assert!(heights.iter().all(|y| (y - heights[0]).abs() < 1.0), "a point fell to zero");
        let gap = lines[1][0].0 - lines[0].last().unwrap().0;
        let whole = lines[1].last().unwrap().0 - lines[0][0].0;
        assert!((gap / whole - 49.0 / 119.0).abs() < 0.02, "{}", gap / whole);
        assert_eq!(elements(wide, "polyline", "s-fargate").count(), 0, "nothing was measured");
    }
}

#[test]
fn samples_out_of_order_are_drawn_in_order() {
    let record = short();
    let mut shuffled = record.clone();
    shuffled.samples.reverse();
    assert!(report::html(&record) == report::html(&shuffled), "the order of samples shows");
}

#[test]
fn a_lone_sample_is_drawn_as_a_dot() {
    let mut record = short();
    record.samples.truncate(1);
    let page = report::html(&record);
    let latency = page.split("<figure id=\"latency\">").nth(1).unwrap();
    let wide = latency.split("class=\"narrow\"").next().unwrap();
    assert_eq!(elements(wide, "circle", "f-ec2").count(), 1);
}

#[test]
fn the_command_names_what_the_record_knows_and_no_path() {
    let page = report::html(&synthetic::migration());
    let command = "ferry rehearse MIGRATION --fault FAULT --load LOAD --seed 7 \
                   --start 2026-01-05T00:00:00Z --days 21";
    assert!(page.contains(&format!("<pre><code>{command}</code></pre>")));
}

/// The first five days, without samples between the hours.
fn short() -> Record {
    let mut record = synthetic::migration();
    let end = Time::from_secs(synthetic::START.as_secs() + 5 * 86_400);
    record.timeline.retain(|entry| entry.at <= end);
    record.samples.retain(|entry| entry.at <= end);
    record.end = end;
    record
}

/// Ten hours on EC2, of which four in the middle were not measured.
fn with_gap(missing: Option<f64>) -> Record {
    let mut record = short();
    let entry = record.samples.first().cloned().unwrap_or_else(|| panic!("there are samples"));
    record.timeline.clear();
    record.samples = (0..120_i64)
        .map(|index| Entry {
            at: Time::from_millis(record.start.as_millis() + index * 300_000),
            p99_ms: PerSide {
                ec2: if (36..84).contains(&index) { missing } else { Some(250.0) },
                fargate: missing,
            },
            share_set: Share::from_per_mille(500),
            ..entry.clone()
        })
        .collect();
    record.end = record.start + Span::from_mins(119 * 5);
    record
}

/// Each tag that is opened is closed, in order. Cells and void elements need no end.
fn check_tags(name: &str, page: &str) {
    let mut open: Vec<&str> = Vec::new();
    for tag in page.split('<').skip(1) {
        let (tag, text) =
            tag.split_once('>').unwrap_or_else(|| panic!("{name}: <{tag} is not closed"));
        assert_eq!(tag.matches('"').count() % 2, 0, "{name}: quotes of <{tag}>");
        assert!(!text.contains('>') || text.contains('{'), "{name}: a bare > in {text}");
        let word = tag.split_whitespace().next().unwrap_or("");
        if let Some(closed) = word.strip_prefix('/') {
            while open.last() == Some(&"td") && closed != "td" {
                open.pop();
            }
            assert_eq!(open.pop(), Some(closed), "{name}: </{closed}>");
        } else if word == "td" {
            if open.last() == Some(&"td") {
                open.pop();
            }
            open.push(word);
        } else if !tag.ends_with('/') && !["!doctype", "meta"].contains(&word) {
            open.push(word);
        }
    }
    assert!(open.is_empty(), "{name}: {open:?} stay open");
}

/// The values of an attribute, wherever it stands.
fn attributes<'a>(page: &'a str, name: &'a str) -> impl Iterator<Item = &'a str> {
    page.split(&format!(" {name}=\"") as &str)
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect::<Vec<_>>()
        .into_iter()
}

fn elements<'a>(svg: &'a str, tag: &'a str, class: &'a str) -> impl Iterator<Item = &'a str> {
    svg.split(&format!("<{tag} ") as &str)
        .skip(1)
        .filter_map(|rest| rest.split("/>").next())
        .filter(move |element| element.contains(&format!("class=\"{class}\"")))
        .collect::<Vec<_>>()
        .into_iter()
}

fn points(element: &str) -> Vec<(f64, f64)> {
    let number = |text: &str| text.parse::<f64>().expect("a coordinate is a number");
    attributes(element, "points")
        .flat_map(str::split_whitespace)
        .map(|point| point.split_once(',').expect("a point has two coordinates"))
        .map(|(x, y)| (number(x), number(y)))
        .collect()
}
