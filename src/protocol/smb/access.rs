//! What a client gets at by SMB: files like everybody, the domain's policies, or the machine itself by
//! its administrative shares and the pipes behind which services, tasks and the registry listen.

use crate::model::{Capability, Observation, Purpose, Purposes};
use crate::protocol::Seen;

/// Requests that may wait for their answer. Clients are granted tens of credits and send few
/// requests of the kinds that are kept here at a time; the oldest are forgotten.
const WAITING_MAX: usize = 32;

/// Shares of one connection that are remembered; past this, the oldest is forgotten.
const TREES_MAX: usize = 32;

/// Pipes by which a machine is administered ([MS-SCMR], [MS-TSCH], [MS-RRP]) or a domain's secrets are
/// copied ([MS-DRSR]).
const ADMINISTRATIVE_PIPES: &[&str] = &["svcctl", "atsvc", "winreg", "drsuapi"];

/// The pipe by which machines log on to their domain ([MS-NRPC]).
const LOGON_PIPE: &str = "netlogon";

/// What a share is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Share {
    /// `IPC$`: named pipes.
    Pipes,
    /// `ADMIN$`, `C$`: the machine's own disks.
    Administrative,
    /// `SYSVOL`, `NETLOGON`: policies and logon scripts of the domain.
    Domain,
    /// Anything else.
    Data,
}

impl Share {
    /// What `\\server\share` is for.
    fn of_path(path: &str) -> Option<Share> {
        let name = path.strip_prefix("\\\\")?.split('\\').nth(1)?;
        Some(match name.to_ascii_uppercase().as_bytes() {
            [] => return None,
            b"IPC$" => Share::Pipes,
            b"ADMIN$" | [b'A'..=b'Z', b'$'] => Share::Administrative,
            b"SYSVOL" | b"NETLOGON" => Share::Domain,
            _ => Share::Data,
        })
    }
}

/// A request that matters once it has been granted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asked {
    Connect(Share),
    OpenAdministrativePipe,
    OpenLogonPipe,
}

/// One connection's shares and pipes, whatever the version.
#[derive(Default)]
pub(super) struct Access {
    /// Requests by the number that their answer repeats.
    waiting: Vec<(u64, Asked)>,
    /// What shares are for, by the number that the server gave them.
    trees: Vec<(u32, Share)>,
    told: Purposes,
    exec_told: bool,
    /// The server was heard: then what it did not grant was not granted.
    server_heard: bool,
}

impl Access {
    /// The server said something.
    pub fn on_server(&mut self) {
        self.server_heard = true;
    }

    /// The client asks for a share.
    pub fn on_connect(&mut self, request: u64, path: &str) {
        if let Some(share) = Share::of_path(path) {
            self.wait(request, Asked::Connect(share));
        }
    }

    /// The client asks to open a file, or a pipe if the share is one of pipes. The beginning of the
    /// talk may not have been seen; then the name alone must do.
    pub fn on_open(&mut self, request: u64, tree: u32, name: &str) {
        if !matches!(self.share(tree), None | Some(Share::Pipes)) {
            return;
        }
        let name = name.trim_start_matches('\\').to_ascii_lowercase();
        let pipe = name.strip_prefix("pipe\\").unwrap_or(&name);
        if ADMINISTRATIVE_PIPES.contains(&pipe) {
            self.wait(request, Asked::OpenAdministrativePipe);
        } else if pipe == LOGON_PIPE {
            self.wait(request, Asked::OpenLogonPipe);
        }
    }

    /// The client writes: it has opened something on that share for it.
    pub fn on_write(&mut self, tree: u32, seen: &mut Seen) {
        if self.share(tree) == Some(Share::Administrative) {
            self.tell_exec(seen);
        }
    }

    /// The server has answered; `tree` is the share's number in its answer.
    pub fn on_answer(&mut self, request: u64, granted: bool, tree: u32, seen: &mut Seen) {
        let Some(place) = self.waiting.iter().position(|(number, _)| *number == request) else { return };
        let (_, asked) = self.waiting.remove(place);
        if !granted {
            return;
        }
        if let Asked::Connect(share) = asked {
            if self.trees.len() == TREES_MAX {
                self.trees.remove(0);
            }
            self.trees.push((tree, share));
        }
        self.tell(asked, seen);
    }

    /// The connection is over. Where the server was never heard, what was asked counts as granted.
    pub fn on_end(&mut self, seen: &mut Seen) {
        if !self.server_heard {
            for (_, asked) in std::mem::take(&mut self.waiting) {
                self.tell(asked, seen);
            }
        }
    }

    fn share(&self, tree: u32) -> Option<Share> {
        // A number may be given again; the latest counts.
        self.trees.iter().rev().find(|(number, _)| *number == tree).map(|(_, share)| *share)
    }

    fn wait(&mut self, request: u64, asked: Asked) {
        if self.waiting.len() == WAITING_MAX {
            self.waiting.remove(0);
        }
        self.waiting.push((request, asked));
    }

    fn tell(&mut self, asked: Asked, seen: &mut Seen) {
        match asked {
            // By itself it leads nowhere.
            Asked::Connect(Share::Pipes) => {}
            Asked::Connect(Share::Administrative) => self.tell_purpose(Purpose::Management, seen),
            Asked::Connect(Share::Domain) | Asked::OpenLogonPipe => self.tell_purpose(Purpose::Infra, seen),
            Asked::Connect(Share::Data) => self.tell_purpose(Purpose::Ordinary, seen),
            Asked::OpenAdministrativePipe => self.tell_exec(seen),
        }
    }

    fn tell_exec(&mut self, seen: &mut Seen) {
        self.tell_purpose(Purpose::Management, seen);
        if !std::mem::replace(&mut self.exec_told, true) {
            seen.push(Observation::Capability(Capability::ExecAdmin));
        }
    }

    fn tell_purpose(&mut self, purpose: Purpose, seen: &mut Seen) {
        if !self.told.iter().any(|told| told == purpose) {
            self.told.insert(purpose);
            seen.push(Observation::Purpose(purpose));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXEC: Observation = Observation::Capability(Capability::ExecAdmin);

    fn purpose(purpose: Purpose) -> Observation {
        Observation::Purpose(purpose)
    }

    fn told(talk: impl FnOnce(&mut Access, &mut Seen)) -> Vec<Observation> {
        let (mut access, mut seen) = (Access::default(), Seen::default());
        talk(&mut access, &mut seen);
        access.on_end(&mut seen);
        seen.drain().collect()
    }

    /// What connecting to this share tells.
    fn share(path: &str) -> Vec<Observation> {
        told(|access, seen| {
            access.on_connect(1, path);
            access.on_answer(1, true, 5, seen);
        })
    }

    #[test]
    fn shares_are_for_different_things() {
        assert_eq!(share("\\\\dc1\\SYSVOL"), [purpose(Purpose::Infra)]);
        assert_eq!(share("\\\\ws1\\admin$"), [purpose(Purpose::Management)]);
        assert_eq!(share("\\\\ws1\\C$"), [purpose(Purpose::Management)]);
        assert_eq!(share("\\\\files\\print$"), [purpose(Purpose::Ordinary)]);
        assert_eq!(share("\\\\files\\IPC$"), []);
        assert_eq!(share("no path"), []);
    }

    #[test]
    fn a_pipe_to_the_services_is_administration_once_it_was_opened() {
        let open = |name: &str, granted: bool| {
            told(|access, seen| {
                access.on_connect(1, "\\\\ws1\\IPC$");
                access.on_answer(1, true, 5, seen);
                for request in [2, 3] {
                    access.on_open(request, 5, name);
                    access.on_server();
                    access.on_answer(request, granted, 5, seen);
                }
            })
        };
        assert_eq!(open("svcctl", true), [purpose(Purpose::Management), EXEC], "told once");
        assert_eq!(open("\\PIPE\\WinReg", true), [purpose(Purpose::Management), EXEC]);
        assert_eq!(open("netlogon", true), [purpose(Purpose::Infra)]);
        assert_eq!(open("svcctl", false), []);
        assert_eq!(open("srvsvc", true), []);
    }

    #[test]
    fn a_file_that_is_called_like_a_pipe_is_a_file() {
        let said = told(|access, seen| {
            access.on_connect(1, "\\\\files\\public");
            access.on_answer(1, true, 5, seen);
            access.on_open(2, 5, "svcctl");
            access.on_answer(2, true, 5, seen);
        });
        assert_eq!(said, [purpose(Purpose::Ordinary)]);
    }

    #[test]
    fn only_writing_to_the_administrator_s_disks_is_execution() {
        let write = |path: &str| {
            told(|access, seen| {
                access.on_connect(1, path);
                access.on_answer(1, true, 5, seen);
                access.on_write(5, seen);
            })
        };
        assert_eq!(write("\\\\ws1\\ADMIN$"), [purpose(Purpose::Management), EXEC]);
        assert_eq!(write("\\\\files\\public"), [purpose(Purpose::Ordinary)]);
        assert_eq!(told(|access, seen| access.on_write(5, seen)), []);
    }

    #[test]
    fn a_server_that_is_never_heard_is_taken_to_agree() {
        assert_eq!(told(|access, _| access.on_open(1, 5, "atsvc")), [purpose(Purpose::Management), EXEC]);
        let heard = told(|access, _| {
            access.on_open(1, 5, "atsvc");
            access.on_server();
        });
        assert_eq!(heard, []);
    }

    #[test]
    fn what_waits_is_bounded() {
        let mut access = Access::default();
        for request in 0..1_000 {
            access.on_connect(request, "\\\\files\\public");
            access.on_answer(request, request % 2 == 0, request as u32, &mut Seen::default());
            access.on_open(request, 7_000, "svcctl");
        }
        assert_eq!((access.waiting.len(), access.trees.len()), (WAITING_MAX, TREES_MAX));
    }
}
