//! `ferry completions`

use clap::CommandFactory;

use crate::cli::{Cli, Completions};
use crate::output::{Answer, Failure, print};

pub(crate) fn run(arguments: &Completions) -> Result<Answer, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "ferry", &mut script);
    print(&String::from_utf8_lossy(&script))?;
    Ok(Answer::Yes)
}
