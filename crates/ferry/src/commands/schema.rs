//! `ferry schema`

use manifest::Kind;

use crate::cli::{self, Schema};
use crate::output::{Answer, Failure, print};

pub(crate) fn run(arguments: &Schema) -> Result<Answer, Failure> {
    let schema = manifest::schema(match arguments.kind {
        cli::Kind::Migration => Kind::Migration,
        cli::Kind::Settings => Kind::Settings,
        cli::Kind::World => Kind::World,
    });
    print(&format!("{schema:#}\n"))?;
    Ok(Answer::Yes)
}
