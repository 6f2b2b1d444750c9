//! Words that stand for the values of questions, both ways.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::query::{Mode, Tier, trace};
use crate::question::policy;

/// A word for each of some values, both ways.
macro_rules! words {
    ($($(#[$doc:meta])* $name:ident of $value:path { $($(#[$word_doc:meta])* $word:ident,)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "lowercase")]
        pub enum $name {
            $($(#[$word_doc])* $word,)*
        }

        impl From<$name> for $value {
            fn from(word: $name) -> $value {
                match word { $($name::$word => <$value>::$word,)* }
            }
        }

        impl From<$value> for $name {
            fn from(value: $value) -> $name {
                match value { $(<$value>::$word => $name::$word,)* }
            }
        }
    )*};
}

words! {
    /// What is blocked.
    ModeWord of Mode { Full, Egress, Ingress, Lateral, Quarantine, Edge, }
    /// What counts as a way.
    TierWord of Tier { Observed, Potential, }
    /// Which ways count.
    WaysWord of crate::query::Classes { Exec, All, }
    /// By which contacts an intruder moves on.
    MovesWord of trace::Classes { Exec, All, }
    /// What the text of a policy is.
    TextWord of policy::Text { Rules, Rollback, Page, }
}

/// What may be cut.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ByWord {
    /// Single dependencies.
    Edges,
    /// Whole hosts.
    Hosts,
    /// Whatever is cheaper.
    Mixed,
}
