//! What is saved in drills: everything follows from the name and the version, so that whoever
//! opens the file later can tell what must be in it.

use model::Time;
use store::{Contents, Entry, Evidence, HISTORY_PAGE_MAX, Happening, Numbered, Store, Version};

/// What `name` holds at `version`; evidence of all sizes, so that pages overflow and are freed.
pub(crate) fn contents(name: &str, version: u64) -> Contents {
    let mut contents = Contents::default();
    contents.status.attempt = u32::try_from(version).unwrap_or(u32::MAX);
    let repeated = usize::try_from(version * 37 % 11).unwrap_or(0) * 150;
    let fold = format!("{name} {version};").repeat(repeated);
    contents.evidence = Some(Evidence { method: 1, fold: fold.into() });
    contents
}

/// What is appended with `version`: two entries, so that half of them would be seen.
pub(crate) fn entries(name: &str, version: u64) -> Vec<Entry> {
    ["first", "second"].map(|part| said(name, format!("{version}, {part}"))).to_vec()
}

pub(crate) fn said(who: &str, what: String) -> Entry {
    let happening = Happening::Said { who: who.to_owned(), what };
    Entry { at: Time::from_minute(29_000_000), happening }
}

/// The version of `name`, if its record and its whole history are what they must be at it.
///
/// # Errors
/// What the store says when it does not serve them.
///
/// # Panics
/// If it serves anything else.
pub(crate) async fn check(store: &dyn Store, name: &str) -> store::Result<Version> {
    let Some(record) = store.load(name).await? else {
        assert_eq!(store.history(name, 0, 1).await?, Vec::new(), "a history without a record");
        return Ok(Version::NONE);
    };
    let version = record.version;
    assert_eq!(record.contents, contents(name, version.0), "{name} at {version}");
    let mut history = Vec::new();
    loop {
        let after = history.last().map_or(0, |last: &Numbered| last.sequence);
        let page = store.history(name, after, HISTORY_PAGE_MAX).await?;
        if page.is_empty() {
            break;
        }
        history.extend(page);
    }
    let expected: Vec<_> = (1..=version.0).flat_map(|version| entries(name, version)).collect();
    assert!(history.iter().map(|numbered| &numbered.entry).eq(&expected), "{name} at {version}");
    Ok(version)
}
