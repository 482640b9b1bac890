//! Where the page comes from: seed, inputs and the command that gives the same bytes again.

use std::fmt::{self, Write as _};

use rehearsal::record::Record;

use crate::calendar;
use crate::text::escape;

pub(super) fn write(page: &mut String, record: &Record) -> fmt::Result {
    writeln!(page, "<footer>\n<h2>The same again</h2>")?;
    writeln!(
        page,
        "<p>Everything on this page was simulated. The same inputs and seed give the same bytes:</p>"
    )?;
    writeln!(page, "<pre><code>{}</code></pre>", escape(&command(record)))?;
    writeln!(page, "<dl class=\"source\">\n<dt>Seed</dt><dd><code>{}</code></dd>", record.seed)?;
    let (start, end) = (record.start, record.end);
    writeln!(page, "<dt>From</dt><dd>{} ({start})</dd>", calendar::date(start))?;
    writeln!(page, "<dt>To</dt><dd>{} ({end})</dd>", calendar::date(end))?;
    for (name, hash) in &record.inputs {
        let (name, hash) = (escape(name), escape(hash));
        writeln!(page, "<dt>{name}</dt><dd><code>sha256:{hash}</code></dd>")?;
    }
    writeln!(page, "<dt>Format</dt><dd><code>{}</code></dd>\n</dl>", escape(record.schema))?;
    writeln!(page, "</footer>")
}

/// The command that replays the rehearsal. Inputs are named by what they are, since a record
/// holds no paths: `MIGRATION`, `--load LOAD`.
fn command(record: &Record) -> String {
    let mut words = vec!["ferry".to_owned(), "rehearse".to_owned()];
    let (positional, flags): (Vec<&String>, Vec<&String>) =
        record.inputs.keys().partition(|name| *name == "migration");
    words.extend(positional.into_iter().map(|name| name.to_uppercase()));
    words.extend(flags.into_iter().map(|name| format!("--{name} {}", name.to_uppercase())));
    words.push(format!("--seed {}", record.seed));
    words.push(format!("--start {}", record.start));
    words.extend(record.options.iter().map(|(name, value)| format!("--{name} {value}")));
    words.join(" ")
}
