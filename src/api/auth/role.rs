//! What somebody may do: look, answer an incident, or run the sensor.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Each role may do everything that those before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Sees the map and asks it questions. Changes nothing.
    Viewer,
    /// Also acts on incidents: opens captures, keeps decisions.
    Responder,
    /// Also runs the sensor.
    Admin,
}

impl Role {
    /// All, the weakest first.
    pub const ALL: [Role; 3] = [Role::Viewer, Role::Responder, Role::Admin];

    /// The word for it, on the command line and in JSON.
    pub const fn word(self) -> &'static str {
        match self {
            Role::Viewer => "viewer",
            Role::Responder => "responder",
            Role::Admin => "admin",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// No role is called this.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no role; write viewer, responder or admin")]
pub struct NoSuchRole(String);

impl FromStr for Role {
    type Err = NoSuchRole;

    fn from_str(text: &str) -> Result<Role, NoSuchRole> {
        Role::ALL.into_iter().find(|role| role.word() == text).ok_or_else(|| NoSuchRole(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::Role;

    #[test]
    fn each_role_holds_those_before_it() {
        assert!(Role::Viewer < Role::Responder && Role::Responder < Role::Admin);
        assert!(Role::ALL.is_sorted());
    }

    #[test]
    fn words_are_read_back() {
        for role in Role::ALL {
            assert_eq!(role.word().parse(), Ok(role));
            assert_eq!(serde_json::to_string(&role).unwrap(), format!("\"{role}\""));
        }
        assert_eq!(
            "root".parse::<Role>().unwrap_err().to_string(),
            "`root` is no role; write viewer, responder or admin"
        );
    }
}
