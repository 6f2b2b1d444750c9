//! What holds, step by step: nothing is promised that was not done.

use std::fmt;

/// What came of one step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Done, and what that means here.
    Held(String),
    /// Not possible here, and why.
    Missing(String),
    /// Not wanted.
    Off,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What it is about.
    pub name: &'static str,
    /// What came of it.
    pub state: State,
}

/// All steps, in the order in which they were taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The steps.
    pub steps: Vec<Step>,
}

impl Report {
    pub(super) fn add(&mut self, name: &'static str, state: State) {
        self.steps.push(Step { name, state });
    }

    /// Whether every step that was wanted was possible.
    pub fn is_whole(&self) -> bool {
        !self.steps.iter().any(|step| matches!(step.state, State::Missing(_)))
    }
}

/// One line a step.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Step { name, state } in &self.steps {
            match state {
                State::Held(what) => writeln!(f, "held           {name}: {what}")?,
                State::Missing(why) => writeln!(f, "NOT AVAILABLE  {name}: {why}")?,
                State::Off => writeln!(f, "off            {name}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_said_aloud() {
        let mut report = Report::default();
        report.add("files", State::Held("read only".to_owned()));
        report.add("network", State::Off);
        assert!(report.is_whole());
        report.add("calls", State::Missing("the kernel is too old".to_owned()));
        assert!(!report.is_whole());
        let expected = "held           files: read only\noff            network\n\
                        NOT AVAILABLE  calls: the kernel is too old\n";
        assert_eq!(report.to_string(), expected);
    }
}
