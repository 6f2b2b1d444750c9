//! What a contact lets its actor do on the target: the classes of lateral movement, weakest first,
//! so that the strongest of several is their maximum.

/// What whoever holds the client can do on the server by this contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Capability {
    /// Names, time and addresses are asked for; nothing is done on the target.
    Infra,
    /// Data is read or written: a database, a directory, a file share, an HTTP API.
    Data,
    /// A database that can run commands of its operating system (MSSQL `xp_cmdshell`).
    DbExec,
    /// A desktop is used (RDP, VNC with a password, X11).
    ExecDesktop,
    /// A shell is used (SSH).
    ExecShell,
    /// Services, tasks, the registry or the administrator's shares are reached (SMB, WMI, WinRM).
    ExecAdmin,
    /// A shell is used by a protocol that shows its password or trusts an address (telnet, rsh).
    ExecShellClear,
    /// A desktop is used that asked for no password (VNC security type None, RFC 6143 §7.2.1).
    ExecDesktopOpen,
    /// An interface whose whole purpose is to run things (Docker, kubelet, etcd, IPMI).
    ExecApi,
    /// A process is changed (Modbus, DNP3, S7, CIP, IEC 104, BACnet writes).
    OtWrite,
}

impl Capability {
    /// Every capability, weakest first.
    pub const ALL: [Capability; 10] = [
        Capability::Infra,
        Capability::Data,
        Capability::DbExec,
        Capability::ExecDesktop,
        Capability::ExecShell,
        Capability::ExecAdmin,
        Capability::ExecShellClear,
        Capability::ExecDesktopOpen,
        Capability::ExecApi,
        Capability::OtWrite,
    ];

    /// The word of its class in answers. A shell in clear is the class of every shell.
    pub const fn word(self) -> &'static str {
        match self {
            Capability::Infra => "infra",
            Capability::Data => "data",
            Capability::DbExec => "db-exec",
            Capability::ExecDesktop | Capability::ExecDesktopOpen => "exec-desktop",
            Capability::ExecShell | Capability::ExecShellClear => "exec-shell",
            Capability::ExecAdmin => "exec-admin",
            Capability::ExecApi => "exec-api",
            Capability::OtWrite => "ot-write",
        }
    }

    /// Commands can be run on the target by it. A write to a process controller is no execution:
    /// nobody moves on from there.
    pub const fn is_exec(self) -> bool {
        match self {
            Capability::Infra | Capability::Data | Capability::OtWrite => false,
            Capability::DbExec
            | Capability::ExecDesktop
            | Capability::ExecDesktopOpen
            | Capability::ExecShell
            | Capability::ExecShellClear
            | Capability::ExecAdmin
            | Capability::ExecApi => true,
        }
    }

    /// How likely one contact carries an intruder from client to server, before anything else is
    /// known: from 0 to 1. A figure to rank by, not a measurement.
    pub const fn prior(self) -> f64 {
        match self {
            Capability::Infra => 0.02,
            Capability::Data => 0.15,
            Capability::DbExec => 0.3,
            Capability::ExecDesktop => 0.5,
            Capability::ExecShell => 0.6,
            Capability::ExecAdmin => 0.7,
            Capability::ExecShellClear => 0.8,
            Capability::ExecDesktopOpen | Capability::ExecApi | Capability::OtWrite => 0.9,
        }
    }

    /// What a protocol allows by its name alone, where nothing inside the flow said more. An
    /// unknown protocol is taken for data: it may carry an intruder, but nothing shows how.
    pub fn of_protocol(protocol: Option<&str>) -> Capability {
        match protocol {
            Some("ssh") => Capability::ExecShell,
            Some("telnet" | "rsh" | "rlogin" | "rexec") => Capability::ExecShellClear,
            Some("rdp" | "vnc" | "x11") => Capability::ExecDesktop,
            Some("winrm" | "wmi") => Capability::ExecAdmin,
            Some("docker" | "kubelet" | "etcd" | "ipmi") => Capability::ExecApi,
            Some("mssql") => Capability::DbExec,
            Some(
                "dns" | "ntp" | "dhcp" | "dhcpv6" | "mdns" | "llmnr" | "nbns" | "ssdp" | "syslog" | "icmp"
                | "ocsp",
            ) => Capability::Infra,
            _ => Capability::Data,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stronger_compares_greater_and_is_no_less_likely() {
        for pair in Capability::ALL.windows(2) {
            let [weaker, stronger] = pair else { unreachable!("windows of two") };
            assert!(weaker < stronger);
            assert!(weaker.prior() <= stronger.prior(), "{weaker:?} {stronger:?}");
        }
    }

    #[test]
    fn a_capability_is_one_byte_with_room_for_none() {
        assert_eq!(size_of::<Option<Capability>>(), 1);
    }

    #[test]
    fn only_what_runs_commands_is_execution() {
        let exec: Vec<_> = Capability::ALL.into_iter().filter(|each| each.is_exec()).collect();
        assert_eq!(exec.len(), 7);
        assert!(!Capability::OtWrite.is_exec());
        assert!(exec.iter().all(|each| each.word().contains("exec")));
    }

    #[test]
    fn a_protocol_gives_its_class_and_the_unknown_is_data() {
        assert_eq!(Capability::of_protocol(Some("telnet")).word(), "exec-shell");
        assert_eq!(Capability::of_protocol(Some("rdp")), Capability::ExecDesktop);
        assert_eq!(Capability::of_protocol(Some("dns")), Capability::Infra);
        assert_eq!(Capability::of_protocol(Some("smb")), Capability::Data);
        assert_eq!(Capability::of_protocol(None), Capability::Data);
    }
}
