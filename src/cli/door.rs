//! Where people and programs ask: an address that is open, encrypted where it must be, and who may.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use super::clock::SystemClock;
use super::failure::Failure;
use crate::api::auth::{Auth, AuthOptions};
use crate::api::listener::{Listener, Socket, is_loopback};
use crate::api::tls::Tls;

/// What is wanted of a door.
#[derive(Clone, Copy)]
pub struct DoorOptions<'a> {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Certificate and key, for TLS.
    pub tls: Option<(&'a Path, &'a Path)>,
    /// Where tokens are kept; none: there are none.
    pub directory: Option<&'a Path>,
    /// Names that this machine has besides `localhost`.
    pub hosts: &'a [String],
}

/// An address that is taken before privileges are given up: nobody is let in yet.
pub struct Doorway<'a> {
    options: DoorOptions<'a>,
    socket: Socket,
    tls: Option<Arc<Tls>>,
}

/// An open door.
pub struct Door {
    /// Who may ask.
    pub auth: Arc<Auth>,
    /// Where they come in.
    pub listener: Listener,
    /// What encrypts, if anything does.
    pub tls: Option<Arc<Tls>>,
}

impl<'a> Doorway<'a> {
    /// Reads certificate and key, and takes the address.
    ///
    /// # Errors
    /// If a file is wrong, or the address is taken.
    pub fn new(options: DoorOptions<'a>) -> Result<Doorway<'a>, Failure> {
        let tls = options.tls.map(|(certificate, key)| Tls::open(certificate, key).map(Arc::new));
        let tls = tls.transpose().map_err(Failure::failed)?;
        let socket = Socket::bind(options.listen).map_err(Failure::failed)?;
        Ok(Doorway { options, socket, tls })
    }

    /// Opens it: reads tokens and begins the audit, as whoever the process has become.
    ///
    /// # Errors
    /// If tokens cannot be read, or nobody may listen there without more.
    pub fn open(self) -> Result<Door, Failure> {
        let Doorway { options, socket, tls } = self;
        let auth = Auth::open(&AuthOptions {
            directory: options.directory,
            loopback: is_loopback(options.listen),
            encrypted: tls.is_some(),
            names: options.hosts,
            clock: Arc::new(SystemClock::start()),
        });
        let auth = Arc::new(auth.map_err(Failure::failed)?);
        let listener = Listener::new(socket, tls.clone(), &auth).map_err(Failure::usage)?;
        Ok(Door { auth, listener, tls })
    }
}

impl Door {
    /// What to say at the start, where whoever is on this machine may come in.
    pub fn notice(&self) -> Option<&'static str> {
        self.auth.open_to_this_machine().map(|_| {
            "there is no token yet: whoever can log in to this machine may look and act here; `tapmap token add` ends \
             that"
        })
    }

    /// Where to come in: scheme, address and port.
    pub fn url(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}/", self.listener.address())
    }
}
