//! What came of checking a certificate's chain.

use std::fmt;

use webpki::Error;

/// What a certificate is shown for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Purpose {
    /// To prove a server.
    Server,
    /// To prove a client.
    Client,
}

/// Who stands at the end of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Anchor {
    /// A root that browsers trust (Mozilla's list).
    Public,
    /// A certificate that the operator named.
    Operator,
}

/// Three outcomes: silence of the wire is not an error of the certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// Signatures, dates and constraints hold up to somebody who is trusted.
    Valid,
    /// Something that was read is wrong: no client may accept it.
    Invalid,
    /// What is known here is not enough to tell.
    NotVerifiable,
}

/// Doubt a certificate is not valid, or why that cannot be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Doubt {
    /// After its last day.
    Expired,
    /// Before its first day.
    NotYetValid,
    /// An authority on its chain is after its last day.
    IssuerExpired,
    /// An authority on its chain is before its first day.
    IssuerNotYetValid,
    /// A signature on its chain is wrong.
    WrongSignature,
    /// It was issued by something that may not issue certificates.
    IssuerIsNoAuthority,
    /// It is an authority's certificate, shown as a server's or client's.
    AuthorityAsLeaf,
    /// An authority on its chain may not issue for these names, or not so deep.
    Constraint,
    /// It was not issued for this purpose.
    WrongPurpose,
    /// Its authority is one that verifiers refuse by name.
    Distrusted,
    /// It vouches for itself.
    SelfSigned,
    /// Its chain ends at a root that neither browsers nor the operator trust.
    UnknownAuthority,
    /// Whoever issued it, or an authority above, was never seen.
    Incomplete,
    /// A signature of a kind that is not verified here: too old, or too rare.
    Unsupported,
    /// It cannot be read, or asks for more work than is done.
    Unreadable,
}

impl Outcome {
    /// The word of the contract.
    pub const fn word(self) -> &'static str {
        match self {
            Outcome::Valid => "valid",
            Outcome::Invalid => "invalid",
            Outcome::NotVerifiable => "not_verifiable",
        }
    }
}

impl Anchor {
    /// The word of the contract.
    pub const fn word(self) -> &'static str {
        match self {
            Anchor::Public => "public",
            Anchor::Operator => "operator",
        }
    }
}

impl Doubt {
    /// What comes of it.
    pub const fn outcome(self) -> Outcome {
        match self {
            Doubt::Expired
            | Doubt::NotYetValid
            | Doubt::IssuerExpired
            | Doubt::IssuerNotYetValid
            | Doubt::WrongSignature
            | Doubt::IssuerIsNoAuthority
            | Doubt::AuthorityAsLeaf
            | Doubt::Constraint
            | Doubt::WrongPurpose
            | Doubt::Distrusted => Outcome::Invalid,
            Doubt::SelfSigned
            | Doubt::UnknownAuthority
            | Doubt::Incomplete
            | Doubt::Unsupported
            | Doubt::Unreadable => Outcome::NotVerifiable,
        }
    }

    /// What a verifier's error means; none where it found nobody who issued the certificate.
    pub(super) fn of(error: &Error) -> Option<Doubt> {
        Some(match error {
            Error::UnknownIssuer => return None,
            Error::CertExpired { .. } => Doubt::IssuerExpired,
            Error::CertNotValidYet { .. } => Doubt::IssuerNotYetValid,
            Error::InvalidSignatureForPublicKey | Error::SignatureAlgorithmMismatch => Doubt::WrongSignature,
            Error::EndEntityUsedAsCa => Doubt::IssuerIsNoAuthority,
            Error::CaUsedAsEndEntity => Doubt::AuthorityAsLeaf,
            Error::NameConstraintViolation | Error::PathLenConstraintViolated => Doubt::Constraint,
            Error::RequiredEkuNotFoundContext(_) | Error::EmptyEkuExtension => Doubt::WrongPurpose,
            Error::CertDistrusted => Doubt::Distrusted,
            Error::UnsupportedSignatureAlgorithmContext(_)
            | Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => Doubt::Unsupported,
            _ => Doubt::Unreadable,
        })
    }
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Doubt::Expired => "expired",
            Doubt::NotYetValid => "not yet valid",
            Doubt::IssuerExpired => "an authority of its chain has expired",
            Doubt::IssuerNotYetValid => "an authority of its chain is not yet valid",
            Doubt::WrongSignature => "a signature of its chain is wrong",
            Doubt::IssuerIsNoAuthority => "its issuer may not issue certificates",
            Doubt::AuthorityAsLeaf => "an authority's own certificate",
            Doubt::Constraint => "an authority of its chain may not issue it",
            Doubt::WrongPurpose => "not issued for this purpose",
            Doubt::Distrusted => "its authority is distrusted",
            Doubt::SelfSigned => "self-signed",
            Doubt::UnknownAuthority => "its authority is known to nobody here",
            Doubt::Incomplete => "an authority of its chain was not seen",
            Doubt::Unsupported => "signed in a way that is not verified here",
            Doubt::Unreadable => "cannot be read",
        })
    }
}

/// What came of checking one certificate at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Doubt it is not valid or cannot be told; none: it is valid.
    pub why: Option<Doubt>,
    /// Who stands at the end of its chain, if somebody who is trusted does.
    pub anchor: Option<Anchor>,
    /// SHA-256 of the authorities between it and the end, in hexadecimal, the nearest first.
    pub path: Vec<String>,
}

impl Verdict {
    /// One of three.
    pub fn outcome(&self) -> Outcome {
        self.why.map_or(Outcome::Valid, Doubt::outcome)
    }

    pub(super) const fn because(why: Doubt) -> Verdict {
        Verdict { why: Some(why), anchor: None, path: Vec::new() }
    }
}
