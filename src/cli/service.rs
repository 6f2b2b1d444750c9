//! A process among others: what it tells its supervisor (systemd), and the signals it obeys.
//!
//! Nothing here reads a clock or knows what the sensor does: times are handed in, and that the sensor
//! works is told by a number that grows with its work.

use std::ffi::OsString;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;

use crate::report::clean;

/// How often the line of `systemctl status` is renewed at most.
const STATUS_EVERY: Duration = Duration::from_secs(5);

/// Who started us and wants to know how we are.
pub trait Supervisor: Send {
    /// Tells it, as sd_notify(3) writes it: assignments, one a line.
    fn tell(&self, state: &str);
}

/// systemd, at the socket it gave us. It is connected once, before privileges are given up.
pub struct Systemd(UnixDatagram);

impl Systemd {
    /// Connects to the socket of `NOTIFY_SOCKET`: a path, or `@` and an abstract name.
    ///
    /// # Errors
    /// If nobody listens there.
    pub fn connect(socket: &OsString) -> io::Result<Systemd> {
        let address = match socket.as_bytes().split_first() {
            Some((b'@', name)) => SocketAddr::from_abstract_name(name)?,
            _ => SocketAddr::from_pathname(socket)?,
        };
        let connection = UnixDatagram::unbound()?;
        connection.connect_addr(&address)?;
        // A supervisor that does not read must not stop us.
        connection.set_nonblocking(true)?;
        Ok(Systemd(connection))
    }
}

impl Supervisor for Systemd {
    fn tell(&self, state: &str) {
        // Whoever does not listen has gone, and cannot be told so.
        let _ = self.0.send(state.as_bytes());
    }
}

/// What a supervisor is told, and when.
#[derive(Default)]
pub struct Service {
    supervisor: Option<Box<dyn Supervisor>>,
    /// How often it wants to hear from us, if it does.
    watchdog: Option<Duration>,
    /// When it last heard from us, and how much had been done by then.
    beat: Option<(Duration, u64)>,
    status: Option<(Duration, String)>,
}

impl Service {
    /// The service that the environment speaks of; without a supervisor all else does nothing.
    /// `process` is our process identifier: a watchdog can be meant for another.
    ///
    /// # Errors
    /// If there is a supervisor that cannot be reached.
    pub fn from_environment(
        variable: &dyn Fn(&str) -> Option<OsString>,
        process: u32,
    ) -> io::Result<Service> {
        let supervisor = match variable("NOTIFY_SOCKET") {
            Some(socket) => Box::new(Systemd::connect(&socket)?) as Box<dyn Supervisor>,
            None => return Ok(Service::default()),
        };
        let number = |name: &str| variable(name)?.to_str()?.parse::<u64>().ok();
        let ours = number("WATCHDOG_PID").is_none_or(|meant| meant == u64::from(process));
        let watchdog = number("WATCHDOG_USEC").filter(|micros| ours && *micros > 0);
        Ok(Service {
            supervisor: Some(supervisor),
            watchdog: watchdog.map(Duration::from_micros),
            ..Service::default()
        })
    }

    /// Everything is open: what is asked is answered, what comes is read.
    pub fn ready(&mut self, status: &str) {
        self.tell(&format!("READY=1\nSTATUS={}", clean(status)));
    }

    /// One line about how it goes, at most every [`STATUS_EVERY`].
    pub fn status(&mut self, now: Duration, status: impl FnOnce() -> String) {
        let due = self.status.as_ref().is_none_or(|(then, _)| now.saturating_sub(*then) >= STATUS_EVERY);
        if !due || self.supervisor.is_none() {
            return;
        }
        let line = status();
        if self.status.as_ref().is_none_or(|(_, told)| *told != line) {
            self.tell(&format!("STATUS={}", clean(&line)));
        }
        self.status = Some((now, line));
    }

    /// Tells the watchdog that we live, twice as often as it asks; but only if `done` has grown since.
    /// `done` must come from the loop that hangs when anything of the sensor hangs, such as the number
    /// of ticks whose map was published.
    pub fn beat(&mut self, now: Duration, done: u64) {
        let Some(every) = self.watchdog else { return };
        let due =
            self.beat.is_none_or(|(then, before)| now.saturating_sub(then) >= every / 2 && done > before);
        if due {
            self.tell("WATCHDOG=1");
            self.beat = Some((now, done));
        }
    }

    /// The configuration is being read again; [`Service::ready`] ends it.
    pub fn reloading(&mut self) {
        self.tell("RELOADING=1");
    }

    /// It is coming to its end.
    pub fn stopping(&mut self) {
        self.tell("STOPPING=1");
    }

    fn tell(&self, state: &str) {
        if let Some(supervisor) = &self.supervisor {
            supervisor.tell(state);
        }
    }
}

/// What people and supervisors want of us by signals. A copy sees the same.
#[derive(Clone, Debug, Default)]
pub struct Signals {
    stop: Arc<AtomicBool>,
    reload: Arc<AtomicBool>,
}

impl Signals {
    /// Obeys from now on: SIGTERM and SIGINT stop cleanly, SIGHUP reloads. A SIGINT after either of
    /// the first two ends the process at once, whatever hangs.
    ///
    /// # Errors
    /// If the system does not let us.
    pub fn obey() -> io::Result<Signals> {
        let signals = Signals::default();
        // The order is the meaning: a SIGINT first finds out whether it is the second.
        flag::register_conditional_shutdown(SIGINT, 128 + SIGINT, Arc::clone(&signals.stop))?;
        flag::register(SIGINT, Arc::clone(&signals.stop))?;
        flag::register(SIGTERM, Arc::clone(&signals.stop))?;
        flag::register(SIGHUP, Arc::clone(&signals.reload))?;
        Ok(signals)
    }

    /// Whether to stop.
    pub fn stop(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Whether to read the configuration again; asked once, it is forgotten.
    pub fn take_reload(&self) -> bool {
        self.reload.swap(false, Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use nix::sys::signal::{Signal, raise};

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// A service whose supervisor is the returned socket, with these variables beside its name.
    fn supervised(more: &[(&str, &str)]) -> (Service, UnixDatagram, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        socket.set_nonblocking(true).unwrap();
        let variable = |name: &str| match name {
            "NOTIFY_SOCKET" => Some(path.clone().into_os_string()),
            name => more.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into()),
        };
        (Service::from_environment(&variable, 7).unwrap(), socket, folder)
    }

    fn heard(socket: &UnixDatagram) -> Option<String> {
        let mut bytes = [0; 512];
        let length = socket.recv(&mut bytes).ok()?;
        Some(String::from_utf8_lossy(&bytes[..length]).into_owned())
    }

    #[test]
    fn a_supervisor_hears_every_turn_of_a_life() {
        let (mut service, socket, _folder) = supervised(&[]);
        service.ready("listening on eth1\nREADY=0");
        service.reloading();
        service.stopping();
        service.beat(SECOND, 1);
        let heard: Vec<String> = std::iter::from_fn(|| heard(&socket)).collect();
        let ready = "READY=1\nSTATUS=listening on eth1\u{fffd}READY=0";
        assert_eq!(heard, [ready, "RELOADING=1", "STOPPING=1"], "no watchdog was asked for");
    }

    #[test]
    fn an_abstract_socket_is_reached_too() {
        let name = format!("tapmap-test-{}", std::process::id());
        let socket = UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
        Systemd::connect(&format!("@{name}").into()).unwrap().tell("READY=1");
        assert_eq!(heard(&socket).as_deref(), Some("READY=1"));
    }

    #[test]
    fn the_watchdog_hears_of_work_and_not_of_waiting() {
        let (mut service, socket, _folder) =
            supervised(&[("WATCHDOG_USEC", "10000000"), ("WATCHDOG_PID", "7")]);
        let mut beats = |second: u32, done: u64| {
            service.beat(SECOND * second, done);
            heard(&socket).is_some()
        };
        assert!(beats(0, 1), "the first at once");
        assert!(!beats(4, 40), "too early");
        assert!(beats(5, 50), "after half of the time");
        assert!(!beats(10, 50), "nothing was done since");
        assert!(!beats(60, 50), "nor since");
        assert!(beats(61, 51));
    }

    #[test]
    fn a_watchdog_of_another_process_hears_nothing() {
        let (mut service, socket, _folder) =
            supervised(&[("WATCHDOG_USEC", "10000000"), ("WATCHDOG_PID", "8")]);
        service.beat(SECOND, 1);
        assert_eq!(heard(&socket), None);
    }

    #[test]
    fn the_status_line_is_told_when_it_changes_and_not_too_often() {
        let (mut service, socket, _folder) = supervised(&[]);
        let mut told = |second: u32, line: &str| {
            service.status(SECOND * second, || line.to_owned());
            heard(&socket)
        };
        assert_eq!(told(0, "a").as_deref(), Some("STATUS=a"));
        assert_eq!(told(4, "b"), None, "too early");
        assert_eq!(told(5, "b").as_deref(), Some("STATUS=b"));
        assert_eq!(told(11, "b"), None, "nothing new");
    }

    #[test]
    fn without_a_supervisor_nothing_is_told_and_nothing_fails() {
        let mut service = Service::from_environment(&|_| None, 7).unwrap();
        service.ready("x");
        service.beat(SECOND, 1);
        service.status(SECOND, || unreachable!("nobody reads it"));
        let nowhere = |name: &str| (name == "NOTIFY_SOCKET").then(|| "/nonexistent/notify".into());
        assert!(Service::from_environment(&nowhere, 7).is_err());
    }

    #[test]
    fn signals_are_obeyed_once_each() {
        let signals = Signals::obey().unwrap();
        assert!(!signals.stop() && !signals.take_reload());
        raise(Signal::SIGHUP).unwrap();
        assert!(signals.take_reload());
        assert!(!signals.take_reload(), "once is enough");
        raise(Signal::SIGTERM).unwrap();
        assert!(signals.clone().stop());
    }
}
