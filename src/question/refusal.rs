//! Why a question has no answer.

/// A question that has no answer, in one sentence that helps.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{sentence}")]
pub struct Refusal {
    /// What kind of reason it is, for exit statuses and for HTTP.
    pub why: Why,
    /// Why, and what to do.
    pub sentence: String,
}

/// Kinds of reasons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It was asked wrongly.
    Words,
    /// What it is about was never seen, or not then.
    NeverSeen,
    /// It means several, where one is wanted.
    Ambiguous,
    /// It can be asked, and there is no such thing.
    Infeasible,
}

impl Refusal {
    /// Asked wrongly.
    pub fn words(why: &impl ToString) -> Refusal {
        Refusal { why: Why::Words, sentence: why.to_string() }
    }

    /// Never seen.
    pub fn never_seen(sentence: String) -> Refusal {
        Refusal { why: Why::NeverSeen, sentence }
    }
}
