//! Who asks, once that is known.

use std::fmt;
use std::sync::Arc;

use super::role::Role;

/// How somebody showed who he is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// `Authorization: Bearer`, with the token of this id.
    Token(Arc<str>),
    /// The page's cookie, of a session that the token of this id opened.
    Session(Arc<str>),
    /// Not at all: he is on this machine, and no token was ever made.
    Local,
}

/// Somebody who may ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// What the operator called the token; `local` for whoever is on this machine.
    pub name: Arc<str>,
    /// What he may do.
    pub role: Role,
    /// How that is known.
    pub way: Way,
}

impl Principal {
    /// Somebody on this machine, while no token was ever made.
    pub fn local(role: Role) -> Principal {
        Principal { name: "local".into(), role, way: Way::Local }
    }

    /// The id of the token behind it.
    pub fn token_id(&self) -> Option<&str> {
        match &self.way {
            Way::Token(id) | Way::Session(id) => Some(id),
            Way::Local => None,
        }
    }

    /// Whether the browser sent the proof by itself, so that another page may have made it ask.
    pub fn is_ambient(&self) -> bool {
        !matches!(self.way, Way::Token(_))
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name, self.role)
    }
}
