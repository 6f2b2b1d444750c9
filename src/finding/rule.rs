//! What a rule is, and how a practice is graded by it.

use crate::model::State;

/// One thing that is worth telling an operator.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// The id of the catalogue (`ADM-01`).
    pub id: &'static str,
    /// A few words for a table.
    pub title: &'static str,
    /// 0 to 10 where both sides agreed and nothing special was seen.
    pub severity_base: u8,
    /// MITRE ATT&CK techniques that it serves.
    pub attack: &'static [&'static str],
    /// Who says so.
    pub references: &'static [&'static str],
    /// What to use instead.
    pub replacement: &'static str,
    /// What an attacker does with it, in one plain sentence.
    pub why: &'static str,
}

/// What a rule says of one practice.
#[derive(Clone, Copy, Debug)]
pub struct Grade {
    /// The rule.
    pub rule: &'static Rule,
    /// 0 to 10 for a practice that both sides agreed on.
    pub severity: u8,
    /// The severity where a client only offered it, if the catalogue gives one of its own.
    pub offered: Option<u8>,
    /// A mere offer is what every client of its time sends: no finding.
    pub harmless_offer: bool,
    /// Who watches it being used holds a credential that works, or can run code.
    pub grants_access: bool,
    /// The fault is the asking host's, whoever answers.
    pub of_asking_host: bool,
    /// What of it a person should know besides.
    pub note: Option<&'static str>,
}

/// Below this severity nothing that passed by was worth stealing (an anonymous login).
const ACCESS_SEVERITY_MIN: u8 = 8;

impl Grade {
    /// The rule as it stands in the catalogue.
    pub const fn of(rule: &'static Rule) -> Grade {
        Grade::with(rule, rule.severity_base)
    }

    /// The rule with a severity of this practice's own.
    pub const fn with(rule: &'static Rule, severity: u8) -> Grade {
        Grade {
            rule,
            severity,
            offered: None,
            harmless_offer: false,
            grants_access: false,
            of_asking_host: false,
            note: None,
        }
    }

    /// The same, and use of it gives somebody else access.
    pub const fn granting_access(self) -> Grade {
        Grade { grants_access: self.severity >= ACCESS_SEVERITY_MIN, ..self }
    }

    /// The same, and an offer that nobody took up is no finding.
    pub const fn harmless_when_offered(self) -> Grade {
        Grade { harmless_offer: true, ..self }
    }

    /// The same with a note, if there is one.
    pub const fn noting(self, note: Option<&'static str>) -> Grade {
        Grade { note, ..self }
    }

    /// The severity of how far it went, 1 to 10; none for a mere suspicion, which is no finding.
    ///
    /// An attempt counts like a capability: the one side was willing and sent what it should not
    /// have, but nobody was seen to agree, so that it may be a probe, or a server that refuses.
    pub fn severity_at(&self, state: State) -> Option<u8> {
        let less = match state {
            State::Suspected => return None,
            State::Offered if self.harmless_offer => return None,
            State::Offered => return Some(self.offered.unwrap_or(self.severity.saturating_sub(4)).max(1)),
            State::Capable | State::Attempted => 2,
            State::Negotiated | State::Used => 0,
        };
        Some(self.severity.saturating_sub(less).max(1))
    }
}
