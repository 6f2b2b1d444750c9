//! The address that is listened on: this machine's own, or encrypted and with tokens.

use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum_server::accept::{Accept, DefaultAcceptor};
use axum_server::{Handle, Server};
use tokio::net::TcpStream;
use tower::Service;

use super::auth::Auth;
use super::tls::Tls;

/// Connections at the same time: 512 × about 100 KiB with TLS = 50 MiB, and well within 1,024 open files.
const CONNECTIONS_MAX: u32 = 512;
/// Of these from one other machine, so that it cannot keep the others out.
const CONNECTIONS_PER_ADDRESS_MAX: u32 = 256;
/// How long a client may take for the head of a request.
const HEAD: Duration = Duration::from_secs(10);

/// Why nothing is listened on.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// Other machines could connect, and something is missing.
    #[error(
        "{address} can be reached from other machines, and there is {missing}: {remedy}, or listen on 127.0.0.1"
    )]
    Open {
        /// Where it was to listen.
        address: SocketAddr,
        /// What is missing.
        missing: &'static str,
        /// What helps.
        remedy: &'static str,
    },
    /// What the system says.
    #[error("cannot listen on {address}: {source}")]
    Bind {
        /// Where it was to listen.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
}

/// Whether only this machine can connect to an address.
pub fn is_loopback(address: SocketAddr) -> bool {
    address.ip().to_canonical().is_loopback()
}

/// Whether listening is allowed: elsewhere than on this machine's own addresses, connections must be
/// encrypted and there must be a token.
pub fn check(address: SocketAddr, encrypted: bool, tokens: usize) -> Result<(), ListenError> {
    const TLS: &str = "give a certificate and its key (--tls-certificate, --tls-key)";
    const TOKEN: &str = "make a token (`tapmap token add`)";
    const BOTH: &str = "give a certificate and its key (--tls-certificate, --tls-key) and make a token \
                        (`tapmap token add`)";
    let open = |missing, remedy| Err(ListenError::Open { address, missing, remedy });
    match (encrypted, tokens) {
        _ if is_loopback(address) => Ok(()),
        (true, 1..) => Ok(()),
        (false, 1..) => open("no encryption", TLS),
        (true, 0) => open("no token", TOKEN),
        (false, 0) => open("neither encryption nor a token", BOTH),
    }
}

/// A socket that is open and that nobody is served on: it is opened before privileges are given up, and
/// who may ask is found out after that.
pub struct Socket {
    socket: std::net::TcpListener,
    address: SocketAddr,
}

impl Socket {
    /// Opens it.
    pub fn bind(address: SocketAddr) -> Result<Socket, ListenError> {
        let bind = || {
            let socket = std::net::TcpListener::bind(address)?;
            Ok(Socket { address: socket.local_addr()?, socket })
        };
        bind().map_err(|source| ListenError::Bind { address, source })
    }
}

/// An address that may be listened on.
pub struct Listener {
    socket: std::net::TcpListener,
    address: SocketAddr,
    tls: Option<Arc<Tls>>,
}

impl Listener {
    /// Listens on a socket, if that may be.
    pub fn new(socket: Socket, tls: Option<Arc<Tls>>, auth: &Auth) -> Result<Listener, ListenError> {
        let Socket { socket, address } = socket;
        check(address, tls.is_some(), auth.tokens())?;
        Ok(Listener { socket, address, tls })
    }

    /// Where it listens, with the port that the system chose if it was to choose one.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until the handle says otherwise.
    pub async fn serve(self, router: Router, handle: Handle<SocketAddr>) -> io::Result<()> {
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        let seats = Seats::default();
        let mut server = axum_server::from_tcp(self.socket)?.handle(handle);
        limit(&mut server);
        let server = server.first_request_timeout(HEAD).accept_error_handler(|address, error| {
            tracing::debug!(?address, %error, "connection not accepted");
        });
        match self.tls {
            Some(tls) => {
                server.acceptor(tls.acceptor().handshake_timeout(HEAD).acceptor(seats)).serve(service).await
            }
            None => server.acceptor(seats).serve(service).await,
        }
    }
}

/// A client that sends its requests letter by letter is not waited for.
fn limit(server: &mut Server<SocketAddr, DefaultAcceptor>) {
    server.http_builder().http1().header_read_timeout(HEAD);
    let mut http2 = server.http_builder().http2();
    http2.max_concurrent_streams(100).keep_alive_interval(Duration::from_secs(60)).keep_alive_timeout(HEAD);
}

/// Connections that are open, by address.
#[derive(Clone, Default)]
struct Seats(Arc<Mutex<Taken>>);

#[derive(Default)]
struct Taken {
    all: u32,
    by_address: HashMap<IpAddr, u32>,
}

impl Seats {
    fn take(&self, address: IpAddr) -> io::Result<Seat> {
        let address = address.to_canonical();
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of_address = taken.by_address.get(&address).copied().unwrap_or(0);
        // Everybody on this machine, and every proxy on it, has the same address.
        let greedy = of_address >= CONNECTIONS_PER_ADDRESS_MAX && !address.is_loopback();
        if greedy || taken.all >= CONNECTIONS_MAX {
            return Err(io::Error::other("too many connections"));
        }
        taken.all += 1;
        taken.by_address.insert(address, of_address + 1);
        Ok(Seat { taken: Arc::clone(&self.0), address })
    }
}

/// One connection's place; free again when it is dropped.
struct Seat {
    taken: Arc<Mutex<Taken>>,
    address: IpAddr,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.all = taken.all.saturating_sub(1);
        match taken.by_address.get_mut(&self.address) {
            Some(count) if *count > 1 => *count -= 1,
            _ => {
                taken.by_address.remove(&self.address);
            }
        }
    }
}

impl<S: Send + 'static> Accept<TcpStream, S> for Seats {
    type Stream = TcpStream;
    type Service = Seated<S>;
    type Future = Pin<Box<dyn Future<Output = io::Result<(TcpStream, Seated<S>)>> + Send>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let seat = stream.peer_addr().and_then(|address| self.take(address.ip()));
        Box::pin(async move {
            stream.set_nodelay(true)?;
            Ok((stream, Seated { service, _seat: Arc::new(seat?) }))
        })
    }
}

/// A connection's service, which holds its seat as long as it lives.
#[derive(Clone)]
struct Seated<S> {
    service: S,
    _seat: Arc<Seat>,
}

impl<R, S: Service<R>> Service<R> for Seated<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.service.poll_ready(context)
    }

    fn call(&mut self, request: R) -> S::Future {
        self.service.call(request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(address: &str, encrypted: bool, tokens: usize) -> String {
        check(address.parse().unwrap(), encrypted, tokens).unwrap_err().to_string()
    }

    #[test]
    fn this_machines_own_addresses_need_nothing() {
        for address in ["127.0.0.1:0", "127.9.9.9:1", "[::1]:1", "[::ffff:127.0.0.1]:1"] {
            assert!(check(address.parse().unwrap(), false, 0).is_ok(), "{address}");
        }
    }

    #[test]
    fn every_other_address_needs_both_and_says_what_is_missing() {
        for address in
            ["0.0.0.0:8080", "[::]:8080", "10.0.0.1:8080", "[::ffff:10.0.0.1]:8080", "[fe80::1]:8080"]
        {
            assert!(check(address.parse().unwrap(), true, 1).is_ok(), "{address}");
            assert!(refused(address, false, 0).contains("neither encryption nor a token"), "{address}");
            assert!(refused(address, false, 1).contains("no encryption: give a certificate"), "{address}");
            assert!(refused(address, true, 0).contains("no token: make a token"), "{address}");
        }
    }

    #[test]
    fn seats_are_given_back() {
        let seats = Seats::default();
        let address: IpAddr = "10.0.0.1".parse().unwrap();
        let held: Vec<Seat> =
            (0..CONNECTIONS_PER_ADDRESS_MAX).map(|_| seats.take(address).unwrap()).collect();
        assert!(seats.take(address).is_err());
        let other = seats.take("10.0.0.2".parse().unwrap()).unwrap();
        drop(held);
        assert!(seats.take(address).is_ok());
        drop(other);
        let taken = seats.0.lock().unwrap();
        assert_eq!((taken.all, taken.by_address.len()), (0, 0));
    }

    #[test]
    fn this_machine_may_take_all_seats_and_no_more() {
        let seats = Seats::default();
        let local: IpAddr = "127.0.0.1".parse().unwrap();
        let held: Vec<Seat> = (0..CONNECTIONS_MAX).map(|_| seats.take(local).unwrap()).collect();
        assert!(seats.take(local).is_err());
        drop(held);
    }
}
