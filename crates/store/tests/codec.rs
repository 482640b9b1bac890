//! The bytes of a record: what goes in comes out, and what cannot be read is never empty.

use model::Share;
use proptest::prelude::*;
use store::{Contents, Error, Evidence, SCHEMA, decode, encode};

fn contents() -> Contents {
    let mut contents = Contents::default();
    contents.status.attempt = 2;
    contents.status.share.set = Some(Share::percent(5));
    contents.evidence = Some(Evidence { method: 1, fold: "{}".into() });
    contents
}

fn text() -> String {
    String::from_utf8(encode("api", &contents()).expect("it can be written")).expect("it is JSON")
}

#[test]
fn what_was_written_is_what_is_read() {
    assert_eq!(decode("api", text().as_bytes()), Ok(contents()));
}

#[test]
fn a_record_says_its_schema_first() {
    assert!(text().starts_with(&format!("{{\"schema\":{SCHEMA},")), "{}", text());
}

#[test]
fn a_newer_record_is_told_from_a_broken_one() {
    let newer = text().replacen(&format!("\"schema\":{SCHEMA}"), "\"schema\":99", 1);
    let error = Err(Error::NewerSchema { name: "api".to_owned(), found: 99, known: SCHEMA });
    assert_eq!(decode("api", newer.as_bytes()), error);
    assert_eq!(decode("api", br#"{"schema": 99, "contents": "all different"}"#), error);
}

#[test]
fn fields_of_another_time_are_passed_over() {
    let later = text().replacen("\"attempt\":2", "\"attempt\":2,\"addedLater\":{\"x\":1}", 1);
    assert_eq!(decode("api", later.as_bytes()), Ok(contents()));
}

/// An empty record would start a migration again from nothing.
#[test]
fn nothing_broken_passes_for_a_record() {
    for broken in [
        "",
        "{}",
        "null",
        "[]",
        r#"{"schema": 1}"#,
        r#"{"schema": 1, "contents": {}}"#,
        r#"{"schema": 1, "contents": null}"#,
        r#"{"schema": 0, "contents": {"status": {}}}"#,
        r#"{"schema": -1, "contents": {"status": {}}}"#,
        r#"{"schema": 1, "contents": {"status": {"attempt": "2"}}}"#,
    ] {
        let found = decode("api", broken.as_bytes());
        assert!(matches!(found, Err(Error::Corrupt { .. })), "{broken}: {found:?}");
    }
}

proptest! {
    #[test]
    fn cut_or_bent_bytes_never_panic_and_never_lose_the_latch(cut in 0..4096_usize, bit in 0..8_u32) {
        let whole = text().into_bytes();
        let cut = cut % whole.len();
        prop_assert!(decode("api", &whole[..cut]).is_err());
        let mut bent = whole;
        bent[cut] ^= 1 << bit;
        if let Ok(read) = decode("api", &bent) {
            // One bit may turn a name into one nobody knows, but not the record into nothing.
            prop_assert_ne!(read, Contents::default());
        }
    }
}
