//! Whatever is wrong with what was given: one clear error with its place and a remedy, exit code
//! 2, nothing printed as data and nothing written.

use crate::ferry::{Folder, example};

/// A good input of each kind; a case spoils one of them.
const FAULTS: &str = "apiVersion: ferry/v1
kind: FaultScript
faults:
  - {at: 1d, for: 1h, type: latency, side: fargate, factor: 2}
";
const COUNTS: &str = "timestamp,value
2026-01-05T00:00:00Z,820
2026-01-05T00:01:00Z,830
2026-01-05T00:02:00Z,840
";
const RATES: &str = "minute,rps\n0,13.5\n1,14\n2,15\n";
const MINUTES: &str = "minute,side,requests,slow,slow_slo,slow_p90,slow_p50,errors
0,ec2,900,9,9,90,450,0
0,fargate,100,1,1,10,50,0
1,ec2,900,9,9,90,450,0
";

/// Runs `arguments` with one file spoilt: `old` in `file` becomes `new`.
struct Case {
    arguments: &'static str,
    file: &'static str,
    old: &'static str,
    new: &'static str,
    /// What standard error must hold: the place first, then what to do.
    says: &'static [&'static str],
}

const fn case(
    arguments: &'static str,
    file: &'static str,
    old: &'static str,
    new: &'static str,
    says: &'static [&'static str],
) -> Case {
    Case { arguments, file, old, new, says }
}

const REHEARSE: &str = "rehearse api.yaml";
const WITH_FAULTS: &str = "rehearse api.yaml --fault faults.yaml";
const WITH_COUNTS: &str = "rehearse api.yaml --load counts.csv";
const WITH_RATES: &str = "rehearse api.yaml --load rates.csv -o json";
const JUDGE: &str = "judge minutes.csv";
const FIRST_FAULT: &str = "{at: 1d, for: 1h, type: latency, side: fargate, factor: 2}";

const MIGRATIONS: &[Case] = &[
    case(
        REHEARSE,
        "api.yaml",
        "mode: act",
        "mode: acting",
        &["api.yaml:16:9: spec.mode: ", "`act`"],
    ),
    case(
        REHEARSE,
        "api.yaml",
        "stepMax:",
        "stepMaxx:",
        &["api.yaml:61:5: ", "did you mean `stepMax`"],
    ),
    case(
        REHEARSE,
        "api.yaml",
        "stepMax: 25%",
        "stepMax: -25%",
        &["api.yaml:61:14: spec.traffic.stepMax: "],
    ),
    case(
        REHEARSE,
        "api.yaml",
        "stepMax: 25%",
        "stepMax: NaN%",
        &["api.yaml:61:14: spec.traffic.stepMax: "],
    ),
    case(
        REHEARSE,
        "api.yaml",
        "attempt: 1",
        "attempt: 99999999999",
        &["api.yaml:18:12: spec.attempt: "],
    ),
    case(REHEARSE, "api.yaml", "mode: act", "mode: act\n  mode: act", &["api.yaml:17:3: ", "mode"]),
    case(REHEARSE, "api.yaml", "mode: act", "mode: [act", &["api.yaml:"]),
    case(REHEARSE, "api.yaml", "mode: act", "mode: observe", &["api.yaml: spec.mode", "`act`"]),
    case(
        REHEARSE,
        "api.yaml",
        "kind: Migration",
        "kind: Migraton",
        &["api.yaml:10:7: kind: ", "did you mean `Migration`"],
    ),
    case(
        "validate api.yaml",
        "api.yaml",
        "1%, 5%,",
        "5%, 1%,",
        &["api.yaml:", "spec.traffic.rollout.steps"],
    ),
    case(
        "judge minutes.csv --migration api.yaml",
        "api.yaml",
        "slos:",
        "slo:",
        &["api.yaml:", "did you mean `slos`"],
    ),
];

const FAULT_SCRIPTS: &[Case] = &[
    case(
        WITH_FAULTS,
        "faults.yaml",
        "factor: 2",
        "factor: 0",
        &["faults.yaml:4:5: faults[0]: factor 0", "above 0"],
    ),
    case(WITH_FAULTS, "faults.yaml", "factor: 2", "factor: .nan", &["faults.yaml:4:"]),
    case(
        WITH_FAULTS,
        "faults.yaml",
        "factor: 2",
        "rate: 5%",
        &["faults.yaml:4:5: faults[0]: ", "factor"],
    ),
    case(
        WITH_FAULTS,
        "faults.yaml",
        "type: latency",
        "type: lateness",
        &["faults.yaml:4:5: faults[0]: ", "latency"],
    ),
    case(
        WITH_FAULTS,
        "faults.yaml",
        "side: fargate",
        "side: lambda",
        &["faults.yaml:4:5: faults[0]: ", "ec2, fargate, both"],
    ),
    case(
        WITH_FAULTS,
        "faults.yaml",
        "at: 1d,",
        "",
        &["faults.yaml:4:5: faults[0]: ", "`at`", "`whenShare`"],
    ),
    case(WITH_FAULTS, "faults.yaml", "at: 1d", "at: -1d", &["faults.yaml:4:10: faults[0].at: "]),
    case(
        WITH_FAULTS,
        "faults.yaml",
        "at: 1d",
        "at: 99999999999999999999d",
        &["faults.yaml:4:10: faults[0].at: "],
    ),
    case(
        WITH_FAULTS,
        "faults.yaml",
        "for: 1h",
        "fr: 1h",
        &["faults.yaml:4:", "did you mean `for`"],
    ),
    case(
        WITH_FAULTS,
        "faults.yaml",
        FIRST_FAULT,
        "{at: 1d, type: crash, call: 3}",
        &["faults.yaml:4:5: faults[0]: ", "crash"],
    ),
    case(
        WITH_FAULTS,
        "faults.yaml",
        "kind: FaultScript",
        "kind: Migration",
        &["faults.yaml:2:7: kind: ", "`FaultScript`"],
    ),
    case(WITH_FAULTS, "faults.yaml", FAULTS, "", &["faults.yaml:1:1: "]),
];

const LOADS: &[Case] = &[
    case(WITH_COUNTS, "counts.csv", "830", "NaN", &["counts.csv: line 3: ", "leave the row out"]),
    case(WITH_COUNTS, "counts.csv", "830", "-1", &["counts.csv: line 3: ", "negative"]),
    case(
        WITH_COUNTS,
        "counts.csv",
        "830",
        "1e300",
        &["counts.csv: line 3: ", "more than 100 million"],
    ),
    case(WITH_COUNTS, "counts.csv", "830", "inf", &["counts.csv: line 3: "]),
    case(WITH_COUNTS, "counts.csv", "830", "many", &["counts.csv: line 3: ", "write a number"]),
    case(WITH_COUNTS, "counts.csv", "830", "", &["counts.csv: line 3: ", "leave the row out"]),
    case(
        WITH_COUNTS,
        "counts.csv",
        "00:02:00Z",
        "00:01:00Z",
        &["counts.csv: line 4: ", "keep one of the two rows"],
    ),
    case(
        WITH_COUNTS,
        "counts.csv",
        "00:02:00Z",
        "00:00:30Z",
        &["counts.csv: line 4: ", "sort the rows"],
    ),
    case(
        WITH_COUNTS,
        "counts.csv",
        "2026-01-05T00:02",
        "2096-01-05T00:02",
        &["counts.csv: line 4: ", "ten years"],
    ),
    case(
        WITH_COUNTS,
        "counts.csv",
        "2026-01-05T00:01:00Z",
        "soon",
        &["counts.csv: line 3: ", "is not a time"],
    ),
    case(
        WITH_COUNTS,
        "counts.csv",
        "timestamp,value",
        "time,value",
        &["counts.csv: line 1: ", "timestamp,value"],
    ),
    case(WITH_COUNTS, "counts.csv", ",830", "", &["counts.csv: line 3: ", "comma"]),
    case(WITH_COUNTS, "counts.csv", COUNTS, "", &["counts.csv: line 1: "]),
    case(WITH_COUNTS, "counts.csv", COUNTS, "timestamp,value\n", &["counts.csv: ", "0 rows"]),
    case(WITH_RATES, "rates.csv", "1,14", "1,-14", &["rates.csv: line 3: ", "negative"]),
    case(
        WITH_RATES,
        "rates.csv",
        "1,14",
        "0,14",
        &["rates.csv: line 3: ", "keep one of the two rows"],
    ),
    case(
        WITH_RATES,
        "rates.csv",
        "1,14",
        "9999999999999999999,14",
        &["rates.csv: line 3: ", "is not a time"],
    ),
];

const RECORDINGS: &[Case] = &[
    case(
        JUDGE,
        "minutes.csv",
        "0,fargate,100",
        "0,fargate,NaN",
        &["minutes.csv: line 3: requests is `NaN`", "whole number"],
    ),
    case(
        JUDGE,
        "minutes.csv",
        "0,fargate,100",
        "0,fargate,-1",
        &["minutes.csv: line 3: requests is `-1`"],
    ),
    case(
        JUDGE,
        "minutes.csv",
        "0,fargate,100",
        "0,fargate,99999999999999999999",
        &["minutes.csv: line 3: requests"],
    ),
    case(
        JUDGE,
        "minutes.csv",
        "0,fargate,100,1",
        "0,fargate,100,101",
        &["minutes.csv: line 3: slow is 101 of 100"],
    ),
    case(
        JUDGE,
        "minutes.csv",
        "1,ec2",
        "0,ec2",
        &["minutes.csv: line 4: a second row for minute 0", "keep one"],
    ),
    case(
        JUDGE,
        "minutes.csv",
        "1,ec2",
        "-1,ec2",
        &["minutes.csv: line 4: minute -1 comes after 0", "sort"],
    ),
    case(
        JUDGE,
        "minutes.csv",
        "errors",
        "error",
        &["minutes.csv: line 1: the header lacks `errors`"],
    ),
    case(JUDGE, "minutes.csv", MINUTES, "", &["minutes.csv: line 1: "]),
];

#[test]
fn every_bad_file_is_refused_with_its_place_and_a_remedy() {
    let api = example("config/examples/tapple-api.yaml");
    let good = [
        ("api.yaml", api.as_str()),
        ("faults.yaml", FAULTS),
        ("counts.csv", COUNTS),
        ("rates.csv", RATES),
        ("minutes.csv", MINUTES),
    ];
    for case in [MIGRATIONS, FAULT_SCRIPTS, LOADS, RECORDINGS].into_iter().flatten() {
        let Case { arguments, file, old, new, says } = case;
        let spoilt = good.map(|(name, text)| {
            let spoil = name == *file;
            assert!(!spoil || text.contains(old), "{file} does not hold `{old}`");
            (name, if spoil { text.replacen(old, new, 1) } else { text.to_owned() })
        });
        let files: Vec<(&str, &str)> =
            spoilt.iter().map(|(name, text)| (*name, text.as_str())).collect();
        check(&Folder::new("bad-file", &files), arguments, says, &format!("`{old}` as `{new}`"));
    }
}

/// What is typed, and what standard error must hold.
const ARGUMENTS: &[(&str, &[&str])] = &[
    ("rehearse none.yaml", &["none.yaml: cannot be read"]),
    ("rehearse .", &[".: cannot be read"]),
    ("rehearse api.yaml --load none.csv", &["none.csv: cannot be read"]),
    ("rehearse api.yaml --scale 0", &["'0'", "--scale", "above 0"]),
    ("rehearse api.yaml --scale -1", &["'-1'", "--scale", "above 0"]),
    ("rehearse api.yaml --scale NaN", &["'NaN'", "--scale", "above 0"]),
    ("rehearse api.yaml --scale inf", &["'inf'", "--scale", "above 0"]),
    ("rehearse api.yaml --scale 1e300", &["'1e300'", "--scale", "above 0"]),
    ("rehearse api.yaml --scale many", &["'many'", "--scale", "above 0"]),
    ("rehearse api.yaml --scale 900000000", &["--scale 900000000: ", "100 million"]),
    ("rehearse api.yaml --start tomorrow", &["--start", "tomorrow"]),
    ("rehearse api.yaml --start 2026-01-05T00:00:30Z", &["--start", "whole minute"]),
    ("rehearse api.yaml --start 9999-01-05T00:00:00Z", &["--start", "between 1970 and 2200"]),
    ("rehearse api.yaml --start 1969-12-31T00:00:00Z", &["--start", "between 1970 and 2200"]),
    ("rehearse api.yaml --days 0", &["--days", "1..=366"]),
    ("rehearse api.yaml --days 367", &["--days", "1..=366"]),
    ("rehearse api.yaml --seed -1", &["-1"]),
    ("rehearse api.yaml --seed 99999999999999999999", &["--seed"]),
    ("rehearse api.yaml -o yaml", &["yaml", "text, json"]),
    ("rehearse api.yaml --sed 1", &["--sed", "--seed"]),
    ("rehearse", &["<FILE>"]),
    ("reherse api.yaml", &["reherse", "rehearse"]),
    ("validate", &["<FILES>"]),
    ("schema migrations", &["migrations", "migration"]),
    ("judge none.csv", &["none.csv: cannot be read"]),
    ("judge minutes.csv --migration none.yaml", &["none.yaml: cannot be read"]),
    ("judge minutes.csv --migration minutes.csv", &["minutes.csv:1:1: "]),
    ("judge minutes.csv --offset latency=0.1:0.01", &["latency", "slow_slo"]),
    ("judge minutes.csv --offset slow_slo", &["SIGNAL=LN:SE"]),
    ("judge minutes.csv --offset slow_slo=0.1", &["standard error"]),
    ("judge minutes.csv --offset slow_slo=NaN:0.01", &["NaN", "is not a number"]),
    ("judge minutes.csv --offset slow_slo=0.1:-1", &["from 0 to 1"]),
    ("judge minutes.csv --offset slow_slo=50:0.01", &["-1 to 1"]),
    (
        "judge minutes.csv --offset errors=0:0 --offset errors=0:0",
        &["--offset: errors has two offsets", "keep one"],
    ),
];

#[test]
fn every_bad_argument_is_refused_with_a_remedy() {
    let api = example("config/examples/tapple-api.yaml");
    let files = [("api.yaml", api.as_str()), ("minutes.csv", MINUTES)];
    let folder = Folder::new("bad-argument", &files);
    for (arguments, says) in ARGUMENTS {
        check(&folder, arguments, says, "");
    }
}

fn check(folder: &Folder, arguments: &str, says: &[&str], what: &str) {
    let before = folder.files();
    let answer = folder.ferry(arguments);
    let said = &answer.stderr;
    assert_eq!(answer.code, Some(2), "ferry {arguments} with {what} said:\n{said}");
    assert_eq!(answer.stdout, "", "ferry {arguments} with {what} printed data");
    assert!(said.starts_with("error: "), "ferry {arguments} with {what} said:\n{said}");
    assert!(!said.contains("panicked"), "ferry {arguments} with {what} said:\n{said}");
    for words in says {
        assert!(said.contains(words), "`{words}` is not in what {what} led to:\n{said}");
    }
    assert_eq!(folder.files(), before, "ferry {arguments} with {what} wrote something");
}

#[test]
fn a_page_that_cannot_be_written_is_no_bad_input() {
    let api = example("config/examples/tapple-api.yaml");
    let folder = Folder::new("unwritable", &[("api.yaml", &api)]);
    let answer = folder.ferry("rehearse api.yaml --days 1 --report none/page.html");
    assert_eq!(answer.code, Some(3), "{}", answer.stderr);
    assert!(answer.stderr.contains("none/page.html: cannot be written"), "{}", answer.stderr);
    assert_eq!(folder.files(), ["api.yaml"]);
}
