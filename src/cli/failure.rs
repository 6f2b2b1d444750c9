//! Why a command did not do what was asked, and the exit status that says so.

use std::fmt;
use std::process::ExitCode;

/// Everything asked for was done.
pub const DONE: u8 = 0;
/// Done, and nothing was found of what was looked for.
pub const NOTHING: u8 = 1;
/// Done, and `--fail-on` found something.
pub const FOUND: u8 = 3;

/// Why a command did not do what was asked.
#[derive(Debug)]
pub enum Failure {
    /// It was asked wrongly: status 2.
    Usage(anyhow::Error),
    /// It could not be done: status 1.
    Failed(anyhow::Error),
}

impl Failure {
    /// Asked wrongly.
    pub fn usage(why: impl Into<anyhow::Error>) -> Failure {
        Failure::Usage(why.into())
    }

    /// Not possible.
    pub fn failed(why: impl Into<anyhow::Error>) -> Failure {
        Failure::Failed(why.into())
    }

    /// The exit status.
    pub fn status(&self) -> ExitCode {
        match self {
            Failure::Usage(_) => ExitCode::from(2),
            Failure::Failed(_) => ExitCode::FAILURE,
        }
    }
}

/// One sentence, whatever it is made of.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Failure::Usage(why) | Failure::Failed(why)) = self;
        f.write_str(&crate::report::clean(&format!("{why:#}")))
    }
}
