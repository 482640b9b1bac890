//! A store in a process of its own, told what to do line by line and saying what came of it.
//!
//! ```text
//! store-drill PATH
//! > save api             < saved api 1        | refused fenced save: another Ferry, `b`, ...
//! > load api             < loaded api 1       | refused corrupt read `api` in the store: ...
//! > saves 500            < saved a 1, saved b 1, saved c 1, saved a 2 ...
//! > stand NAME SECOND    < held 1             | standby NAME
//! > down                 < down
//! > reopen               < opened ...
//! > tenures 20           < tenure 1, tenure 4 ...: under a token each, three saves and down
//! ```

mod story;

use std::error::Error;
use std::io::{BufRead as _, Write as _, stdin, stdout};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures::executor::block_on;
use store::{Candidate, Contents, LEASE_TERM, Leases as _, SqliteStore, Standing, Store, Version};

type Outcome<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let path = std::env::args_os().nth(1).ok_or("usage: store-drill PATH")?;
    let path = Path::new(&path);
    let mut drill = Drill::open(path)?;
    for line in stdin().lock().lines() {
        let line = line?;
        let words: Vec<_> = line.split(' ').collect();
        match words.as_slice() {
            ["save", name] => drill.save(name)?,
            ["load", name] => drill.load(name)?,
            ["saves", count] => drill.saves(count.parse()?)?,
            ["stand", name, second] => drill.stand(name, Duration::from_secs(second.parse()?))?,
            ["down"] => drill.down()?,
            ["reopen"] => {
                block_on(drill.store.close())?;
                drill = Drill::open(path)?;
            }
            ["tenures", count] => drill.tenures(count.parse()?)?,
            _ => return Err(format!("what is `{line}`?").into()),
        }
    }
    Ok(block_on(drill.store.close())?)
}

struct Drill {
    store: SqliteStore,
    /// The store as its holder sees it, once it was held.
    held: Option<Arc<dyn Store>>,
    candidate: Option<Candidate>,
}

impl Drill {
    fn open(path: &Path) -> Outcome<Self> {
        let opened = SqliteStore::open(path)?;
        let refuses = opened.refuses.as_ref().map_or("none", |error| error.name());
        let installation = opened.installation.unwrap_or_default();
        say(&format!("opened created={} refuses={refuses} {installation}", opened.created))?;
        Ok(Self { store: opened.store, held: None, candidate: None })
    }

    fn store(&self) -> &dyn Store {
        self.held.as_deref().unwrap_or(&self.store)
    }

    fn save(&self, name: &str) -> Outcome<()> {
        match block_on(save_next(self.store(), name)) {
            Ok(version) => say(&format!("saved {name} {version}")),
            Err(error) => refused(&error),
        }
    }

    fn saves(&self, count: u64) -> Outcome<()> {
        for number in 0..count {
            self.save(["a", "b", "c"][usize::try_from(number % 3)?])?;
        }
        Ok(())
    }

    fn load(&self, name: &str) -> Outcome<()> {
        match block_on(story::check(self.store(), name)) {
            Ok(version) => say(&format!("loaded {name} {version}")),
            Err(error) => refused(&error),
        }
    }

    fn stand(&mut self, name: &str, now: Duration) -> Outcome<()> {
        let candidate = self.candidate.get_or_insert_with(|| Candidate::new(name, LEASE_TERM));
        match block_on(candidate.stand(&self.store, now)) {
            Ok(Standing::Held { token, .. }) => {
                self.held = Some(self.store.under(token));
                say(&format!("held {token}"))
            }
            // What was held stays in use, as by a process that has not noticed.
            Ok(Standing::Standby { owner, .. }) => say(&format!("standby {owner}")),
            Err(error) => refused(&error),
        }
    }

    fn down(&mut self) -> Outcome<()> {
        if let Some(candidate) = &mut self.candidate {
            block_on(candidate.step_down(&self.store))?;
        }
        say("down")
    }

    /// Holds the store `count` times, as often as another lets it.
    fn tenures(&mut self, count: usize) -> Outcome<()> {
        for _ in 0..count {
            let mut candidate = Candidate::new(std::process::id().to_string(), LEASE_TERM);
            let token = loop {
                match block_on(candidate.stand(&self.store, Duration::ZERO)) {
                    Ok(Standing::Held { token, .. }) => break token,
                    Ok(Standing::Standby { .. }) | Err(store::Error::Unavailable { .. }) => {
                        std::thread::yield_now();
                    }
                    Err(error) => return Err(error.into()),
                }
            };
            let held = self.store.under(token);
            for _ in 0..3 {
                let found = block_on(held.load("shared"))?;
                let found = found.map_or(Version::NONE, |record| record.version);
                let entry = story::said("shared", token.to_string());
                block_on(held.save("shared", found, &Contents::default(), &[entry]))?;
            }
            say(&format!("tenure {token}"))?;
            block_on(candidate.step_down(&self.store))?;
        }
        Ok(())
    }
}

async fn save_next(store: &dyn Store, name: &str) -> store::Result<Version> {
    let found = store.load(name).await?.map_or(Version::NONE, |record| record.version);
    let next = found.next().0;
    store.save(name, found, &story::contents(name, next), &story::entries(name, next)).await
}

fn refused(error: &store::Error) -> Outcome<()> {
    say(&format!("refused {} {error}", error.name()))
}

/// One line in one write, so that whoever counts writes can tell answers apart.
fn say(line: &str) -> Outcome<()> {
    let mut out = stdout().lock();
    out.write_all(format!("{line}\n").as_bytes())?;
    Ok(out.flush()?)
}
