//! A token as its owner holds it: `tapmap_<id>_<secret><checksum>`.
//!
//! The prefix lets people and scanners of leaked secrets recognise it; the id says whose it is and
//! may be seen by everybody; the checksum tells a mistyped token from a wrong one without any cost.

use std::fmt;

use ring::rand::{SecureRandom, SystemRandom};
use sha2::{Digest, Sha256};

/// What every token begins with.
pub const PREFIX: &str = "tapmap_";
/// 8 letters of 5 bits: 40 bits, so that a thousand tokens hardly ever meet. Not secret.
const ID_LETTERS: usize = 8;
/// 32 letters of 5 bits: 160 bits, out of reach of guessing whatever the hash costs.
const SECRET_LETTERS: usize = 32;
/// 6 letters of 5 bits: one mistyped token in a billion passes for a real one.
const CHECKSUM_LETTERS: usize = 6;
/// RFC 4648 section 6, in lower case: no letter that is mistaken for a digit, and one double click selects it.
const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// The kernel gave no random bytes.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the kernel gave no random bytes")]
pub struct NoRandomness;

/// `count` random letters, 5 bits each.
pub(super) fn random_letters(count: usize) -> Result<String, NoRandomness> {
    let mut bytes = vec![0; count];
    SystemRandom::new().fill(&mut bytes).map_err(|_| NoRandomness)?;
    Ok(letters(&bytes))
}

/// One letter for the low five bits of each byte.
fn letters(bytes: &[u8]) -> String {
    bytes
        .iter()
        .filter_map(|byte| LETTERS.get(usize::from(byte & 31)))
        .map(|&letter| char::from(letter))
        .collect()
}

/// Why a text is no token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Something else.
    #[error("a token begins with `{PREFIX}`")]
    Prefix,
    /// Too short, too long, or with other letters.
    #[error("a token is `{PREFIX}`, {ID_LETTERS} letters, `_` and {} letters", SECRET_LETTERS + CHECKSUM_LETTERS)]
    Form,
    /// Mistyped or cut.
    #[error("the token is mistyped: its checksum does not fit")]
    Checksum,
}

/// A token. It is a secret: nothing but [`Token::text`] shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    text: String,
}

impl Token {
    /// A new one.
    pub fn generate() -> Result<Token, NoRandomness> {
        let id = random_letters(ID_LETTERS)?;
        let secret = random_letters(SECRET_LETTERS)?;
        let mut text = format!("{PREFIX}{id}_{secret}");
        text.push_str(&checksum(&text));
        Ok(Token { text })
    }

    /// Reads one, whatever somebody sends.
    pub fn parse(text: &str) -> Result<Token, TokenError> {
        let rest = text.strip_prefix(PREFIX).ok_or(TokenError::Prefix)?;
        let (id, secret) = rest.split_once('_').ok_or(TokenError::Form)?;
        let well_formed =
            |part: &str, length| part.len() == length && part.bytes().all(|b| LETTERS.contains(&b));
        if !well_formed(id, ID_LETTERS) || !well_formed(secret, SECRET_LETTERS + CHECKSUM_LETTERS) {
            return Err(TokenError::Form);
        }
        let (signed, sum) = text.split_at_checked(text.len() - CHECKSUM_LETTERS).ok_or(TokenError::Form)?;
        if checksum(signed) != sum {
            return Err(TokenError::Checksum);
        }
        Ok(Token { text: text.to_owned() })
    }

    /// The part that is no secret: what the token is found by.
    pub fn id(&self) -> &str {
        self.text.get(PREFIX.len()..PREFIX.len() + ID_LETTERS).unwrap_or_default()
    }

    /// All of it, for its owner.
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}_…", self.id())
    }
}

/// Not a proof of anything: everybody can compute it.
fn checksum(signed: &str) -> String {
    let digest = Sha256::digest(signed.as_bytes());
    letters(digest.get(..CHECKSUM_LETTERS).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::{PREFIX, Token, TokenError};

    #[test]
    fn a_token_is_read_back() {
        let token = Token::generate().unwrap();
        assert_eq!(token.text().len(), 54);
        assert!(token.text().starts_with(&format!("{PREFIX}{}_", token.id())));
        assert_eq!(Token::parse(token.text()), Ok(token));
    }

    #[test]
    fn two_tokens_differ() {
        assert_ne!(Token::generate().unwrap(), Token::generate().unwrap());
    }

    #[test]
    fn nothing_shows_the_secret_by_accident() {
        let token = Token::generate().unwrap();
        assert_eq!(format!("{token:?}"), format!("tapmap_{}_…", token.id()));
    }

    #[test]
    fn what_is_no_token_says_why() {
        assert_eq!(Token::parse("ghp_abc"), Err(TokenError::Prefix));
        assert_eq!(Token::parse("tapmap_abc"), Err(TokenError::Form));
        assert_eq!(Token::parse("tapmap_abcdefgh_short"), Err(TokenError::Form));
        let good = Token::generate().unwrap();
        assert_eq!(Token::parse(&good.text().to_uppercase()), Err(TokenError::Prefix));
        assert_eq!(Token::parse(&format!("{}a", good.text())), Err(TokenError::Form));
        assert_eq!(Token::parse(&good.text().replace(good.id(), "äbcdefg")), Err(TokenError::Form));
    }

    #[test]
    fn any_letter_mistyped_is_noticed() {
        let good = Token::generate().unwrap();
        for place in PREFIX.len()..good.text().len() {
            let mut bytes = good.text().as_bytes().to_vec();
            if bytes[place] == b'_' {
                continue;
            }
            bytes[place] = if bytes[place] == b'a' { b'b' } else { b'a' };
            assert_eq!(Token::parse(std::str::from_utf8(&bytes).unwrap()), Err(TokenError::Checksum));
        }
    }
}
