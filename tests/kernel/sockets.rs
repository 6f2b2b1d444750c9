//! What runs inside a host: servers that send back what they get, and clients that look whether they do.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::str::FromStr;
use std::time::Duration;

/// How long a client waits before it calls a session blocked.
const PATIENCE: Duration = Duration::from_secs(1);

/// A port to open a session to, or to listen on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Try {
    pub address: IpAddr,
    pub port: u16,
    pub udp: bool,
}

/// What became of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Passed,
    Blocked,
}

impl Try {
    fn socket(&self) -> SocketAddr {
        SocketAddr::new(self.address, self.port)
    }

    fn read_all() -> Vec<Try> {
        let lines = io::stdin().lines().map(Result::unwrap).take_while(|line| !line.is_empty());
        lines.map(|line| line.parse().unwrap()).collect()
    }
}

impl fmt::Display for Try {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.address, self.port, self.udp)
    }
}

impl FromStr for Try {
    type Err = String;

    fn from_str(line: &str) -> Result<Try, String> {
        let mut words = line.split(' ');
        let mut word = || words.next().ok_or_else(|| format!("too short: {line}"));
        Ok(Try {
            address: word()?.parse().map_err(|_| line.to_owned())?,
            port: word()?.parse().map_err(|_| line.to_owned())?,
            udp: word()? == "true",
        })
    }
}

impl FromStr for Outcome {
    type Err = String;

    fn from_str(line: &str) -> Result<Outcome, String> {
        match line {
            "Passed" => Ok(Outcome::Passed),
            "Blocked" => Ok(Outcome::Blocked),
            other => Err(format!("`{other}` is no outcome")),
        }
    }
}

/// Sends back whatever comes, on every port that is asked for, until it is killed.
pub fn serve() {
    let tries = Try::read_all();
    std::thread::scope(|scope| {
        for each in tries {
            if each.udp {
                let socket = UdpSocket::bind(each.socket()).unwrap_or_else(|why| panic!("{each}: {why}"));
                scope.spawn(move || {
                    let mut bytes = [0; 64];
                    while let Ok((len, from)) = socket.recv_from(&mut bytes) {
                        let _ = socket.send_to(&bytes[..len], from);
                    }
                });
            } else {
                let listener = TcpListener::bind(each.socket()).unwrap_or_else(|why| panic!("{each}: {why}"));
                scope.spawn(move || {
                    for stream in listener.incoming().map_while(Result::ok) {
                        #[expect(clippy::disallowed_methods, reason = "a test may start threads")]
                        std::thread::spawn(move || echo(stream));
                    }
                });
            }
        }
        println!("ready");
    });
}

fn echo(mut stream: TcpStream) {
    let mut bytes = [0; 64];
    while let Ok(len) = stream.read(&mut bytes) {
        if len == 0 || stream.write_all(&bytes[..len]).is_err() {
            return;
        }
    }
}

/// Opens every session that is asked for, all at the same time.
pub fn try_all() {
    let tries = Try::read_all();
    let outcomes: Vec<Outcome> = std::thread::scope(|scope| {
        let running: Vec<_> = tries.iter().map(|each| scope.spawn(|| open(each))).collect();
        running.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    outcomes.iter().for_each(|outcome| println!("{outcome:?}"));
}

fn open(each: &Try) -> Outcome {
    let answered = if each.udp { ask_udp(each) } else { connect(each).and_then(ask) };
    if answered.is_ok() { Outcome::Passed } else { Outcome::Blocked }
}

fn connect(each: &Try) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&each.socket(), PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    Ok(stream)
}

fn ask(mut stream: TcpStream) -> io::Result<()> {
    stream.write_all(b"?")?;
    stream.read_exact(&mut [0])
}

fn ask_udp(each: &Try) -> io::Result<()> {
    let any: IpAddr = if each.address.is_ipv4() { [0u8; 4].into() } else { [0u8; 16].into() };
    let socket = UdpSocket::bind((any, 0))?;
    socket.set_read_timeout(Some(PATIENCE))?;
    socket.connect(each.socket())?;
    socket.send(b"?")?;
    socket.recv(&mut [0])?;
    Ok(())
}

/// Opens one session, and speaks on it only when told to.
pub fn hold() {
    let tries = Try::read_all();
    let stream = connect(&tries[0]).unwrap();
    println!("open");
    io::stdin().read_line(&mut String::new()).unwrap();
    let outcome = if ask(stream).is_ok() { Outcome::Passed } else { Outcome::Blocked };
    println!("{outcome:?}");
}
