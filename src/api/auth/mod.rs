//! Who may ask: tokens, sessions of the page, roles, and a line for every deed.
//!
//! ```text
//! request ─> guard ─> require(role) ─> handler
//!              │          └─ Authorization: Bearer ─> Token ─> Verified or argon2 ─┐
//!              │          └─ cookie ─> Sessions, origin ───────────────────────────┼─> Principal
//!              │          └─ neither: this machine, if no token was ever made ─────┘
//!              └─ Audit
//! ```
//!
//! **Invariant:** what is shown is judged alone. A wrong token is refused and never makes its bearer
//! somebody who shows nothing.

mod audit;
mod clock;
mod hash;
mod known;
mod layer;
mod limit;
mod origin;
mod principal;
mod problem;
mod role;
mod routes;
mod session;
mod token;
mod token_file;
mod verified;

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, Method, header};
use tokio::sync::Semaphore;

pub use audit::{Audit, AuditError, Deed, What};
pub use clock::Clock;
pub use hash::HashError;
pub use layer::{Guard, guard, require};
pub use principal::{Principal, Way};
pub use problem::Refusal;
pub use role::{NoSuchRole, Role};
pub use routes::{Identity, Login, SESSION_PATH, described_routes, log_in, log_out, routes, who};
pub use token::{NoRandomness, Token, TokenError};
pub use token_file::{Record, TokenFile, TokenFileError};

use known::{Holder, Known, Watched};
use limit::LoginLimit;
use session::{NewCookie, Sessions};
use verified::Verified;

/// Tokens that are hashed at the same time: 2 × 19 MiB.
const HASHING_MAX: usize = 2;
/// How long a login waits for its turn.
const TURN: Duration = Duration::from_secs(5);
/// What somebody on this machine may do while no token was ever made: everything but run the sensor.
const LOCAL_ROLE: Role = Role::Responder;

/// Where authentication stands.
pub struct AuthOptions<'a> {
    /// Where tokens and the audit are kept; none: there are no tokens, and the audit goes to the log only.
    pub directory: Option<&'a Path>,
    /// Whether only this machine can connect. Elsewhere nobody is let in without a token.
    pub loopback: bool,
    /// Whether connections are encrypted: cookies are then for encrypted ones only.
    pub encrypted: bool,
    /// Names that this machine has besides `localhost`.
    pub names: &'a [String],
    /// What time it is.
    pub clock: Arc<dyn Clock>,
}

/// Why nobody can be authenticated.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    /// The file of tokens cannot be read.
    #[error(transparent)]
    Tokens(#[from] TokenFileError),
    /// The audit cannot be kept.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// The kernel gave none.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// No token could be hashed.
    #[error(transparent)]
    Hash(#[from] HashError),
}

/// Everything that decides who may ask.
pub struct Auth {
    watched: Watched,
    verified: Verified,
    sessions: Sessions,
    limit: LoginLimit,
    hashing: Semaphore,
    /// What a token that nobody has is compared with, so that it takes as long as one that somebody has.
    nobody: Arc<str>,
    audit: Audit,
    clock: Arc<dyn Clock>,
    loopback: bool,
    encrypted: bool,
    names: Vec<String>,
}

/// Who asks, and what his browser is to be told.
struct Identified {
    principal: Principal,
    renewed: Option<NewCookie>,
}

impl Auth {
    /// Opens tokens and audit. A file of tokens that cannot be read is an error here, and refuses
    /// everybody later.
    pub fn open(options: &AuthOptions<'_>) -> Result<Auth, AuthError> {
        Auth::with_file(options, options.directory.map(TokenFile::in_directory))
    }

    fn with_file(options: &AuthOptions<'_>, file: Option<TokenFile>) -> Result<Auth, AuthError> {
        if let Some(file) = &file {
            file.read()?;
        }
        let cost = file.as_ref().map(TokenFile::cost).unwrap_or_default();
        Ok(Auth {
            watched: Watched::new(file),
            verified: Verified::new()?,
            sessions: Sessions::new()?,
            limit: LoginLimit::new(Arc::clone(&options.clock)),
            hashing: Semaphore::new(HASHING_MAX),
            nobody: hash::hash(Token::generate()?.text(), cost)?.into(),
            audit: Audit::open(options.directory, Arc::clone(&options.clock))?,
            clock: Arc::clone(&options.clock),
            loopback: options.loopback,
            encrypted: options.encrypted,
            names: options.names.to_vec(),
        })
    }

    /// Where deeds are written down.
    pub fn audit(&self) -> &Audit {
        &self.audit
    }

    /// Tokens that open something now.
    pub fn tokens(&self) -> usize {
        match &*self.watched.now() {
            Known::Tokens(holders) => holders.len(),
            Known::NeverMade | Known::Broken => 0,
        }
    }

    /// What people on this machine may do without a token; to be said at the start.
    pub fn open_to_this_machine(&self) -> Option<Role> {
        (self.loopback && matches!(&*self.watched.now(), Known::NeverMade)).then_some(LOCAL_ROLE)
    }

    /// Whether somebody who was let in would still be let in: his token is there and gives him as much.
    pub fn holds(&self, principal: &Principal) -> bool {
        match principal.token_id() {
            Some(id) => self.watched.now().holder(id).is_some_and(|holder| holder.role >= principal.role),
            None => self.open_to_this_machine().is_some(),
        }
    }

    async fn identify(
        &self,
        method: &Method,
        headers: &HeaderMap,
        address: Option<IpAddr>,
    ) -> Result<Identified, Refusal> {
        if headers.contains_key(header::AUTHORIZATION) {
            let principal = self.of_token(bearer(headers).ok_or(Refusal::Wrong)?, address).await?;
            return Ok(Identified { principal, renewed: None });
        }
        let known = self.watched.now();
        if let Some(value) = layer::cookie(headers, self.cookie_name())
            && let Some(found) = self.sessions.find(value, &known, self.clock.running())
        {
            origin::check_cookie(method, headers)?;
            return Ok(Identified { principal: found.principal, renewed: found.renewed });
        }
        match &*known {
            Known::NeverMade if self.loopback && address.is_some_and(|address| address.is_loopback()) => {
                origin::check_local(method, headers, &self.names)?;
                Ok(Identified { principal: Principal::local(LOCAL_ROLE), renewed: None })
            }
            Known::Broken => Err(Refusal::Broken),
            Known::NeverMade | Known::Tokens(_) => Err(Refusal::Anonymous),
        }
    }

    /// Whose token it is. Argon2 runs only for tokens that were not verified a short while ago.
    async fn of_token(&self, text: &str, address: Option<IpAddr>) -> Result<Principal, Refusal> {
        let known = self.watched.now();
        if matches!(&*known, Known::Broken) {
            return Err(Refusal::Broken);
        }
        // Everybody can compute the checksum, so that refusing a mistyped token at once tells nothing.
        let token = Token::parse(text).map_err(|_| Refusal::Wrong)?;
        let holder = known.holder(token.id());
        if let Some(holder) = holder
            && self.verified.holds(&token, holder, self.clock.running())
        {
            return Ok(by_token(holder));
        }
        self.limit.take(address).map_err(Refusal::TooMany)?;
        let turn = tokio::time::timeout(TURN, self.hashing.acquire()).await;
        let Ok(Ok(_turn)) = turn else { return Err(Refusal::Busy) };
        let hash = holder.map_or_else(|| Arc::clone(&self.nobody), |holder| Arc::clone(&holder.hash));
        let text = token.text().to_owned();
        let fits = tokio::task::spawn_blocking(move || hash::verify(&text, &hash)).await;
        // It may have been revoked while argon2 ran.
        let (before, known) = (holder.map(|holder| &holder.hash), self.watched.now());
        match known.holder(token.id()) {
            Some(holder) if before == Some(&holder.hash) && matches!(fits, Ok(true)) => {
                self.verified.keep(&token, holder, self.clock.running());
                Ok(by_token(holder))
            }
            _ => Err(Refusal::Wrong),
        }
    }

    async fn begin_session(
        &self,
        token: &str,
        address: Option<IpAddr>,
    ) -> Result<(Principal, NewCookie), Refusal> {
        let principal = self.of_token(token, address).await?;
        let known = self.watched.now();
        let holder = principal.token_id().and_then(|id| known.holder(id)).ok_or(Refusal::Wrong)?;
        let cookie = self.sessions.begin(holder, self.clock.running()).map_err(|_| Refusal::Busy)?;
        let way = Way::Session(Arc::clone(&holder.id));
        Ok((Principal { way, ..principal }, cookie))
    }

    fn end_session(&self, value: &str) -> Option<Principal> {
        let found = self.sessions.find(value, &self.watched.now(), self.clock.running())?;
        let value = found.renewed.as_ref().map_or(value, |renewed| &renewed.value);
        self.sessions.end(value).then_some(found.principal)
    }

    /// The prefix makes browsers refuse a cookie of this name that another host or path sets
    /// (RFC 6265bis section 4.1.3.2); it exists for encrypted connections only.
    fn cookie_name(&self) -> &'static str {
        if self.encrypted { "__Host-tapmap" } else { "tapmap" }
    }

    fn set_cookie(&self, headers: &mut HeaderMap, new: &NewCookie) {
        self.put_cookie(headers, &new.value, new.lifetime);
    }

    fn clear_cookie(&self, headers: &mut HeaderMap) {
        self.put_cookie(headers, "", Duration::ZERO);
    }

    fn put_cookie(&self, headers: &mut HeaderMap, value: &str, lifetime: Duration) {
        let (name, seconds) = (self.cookie_name(), lifetime.as_secs());
        let secure = if self.encrypted { "; Secure" } else { "" };
        let text = format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}");
        if let Ok(mut cookie) = HeaderValue::from_str(&text) {
            cookie.set_sensitive(true);
            headers.append(header::SET_COOKIE, cookie);
        }
    }
}

fn by_token(holder: &Holder) -> Principal {
    let way = Way::Token(Arc::clone(&holder.id));
    Principal { name: Arc::clone(&holder.name), role: holder.role, way }
}

/// RFC 6750 section 2.1. The scheme is written in any case (RFC 9110 section 11.1).
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut all = headers.get_all(header::AUTHORIZATION).iter();
    let only = all.next()?;
    if all.next().is_some() {
        return None;
    }
    let (scheme, token) = only.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

#[cfg(test)]
mod tests;
