//! Interfaces of DCE/RPC that matter here, by the UUIDs that binds name them with.

use crate::model::{Capability, Purpose};

/// What being bound to an interface means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Interface {
    /// The endpoint mapper tells where the other interfaces listen (C706 appendix O).
    EndpointMapper,
    /// The machine is administered by it: services, tasks, the registry, WMI, remote activation.
    Administration,
    /// Directory replication ([MS-DRSR]): what one of its operations does, any may do.
    Replication,
    /// Machines log on by it, or accounts are looked up ([MS-NRPC], [MS-LSAT], [MS-SAMR]).
    Logon,
    /// Anything else.
    Other,
}

impl Interface {
    /// The interface that this UUID names.
    pub fn of(uuid: u128) -> Interface {
        INTERFACES.iter().find(|(known, _)| *known == uuid).map_or(Interface::Other, |(_, it)| *it)
    }

    /// What a client that was let in can do.
    pub const fn capability(self) -> Option<Capability> {
        match self {
            Interface::Administration => Some(Capability::ExecAdmin),
            _ => None,
        }
    }

    /// What the connection is for.
    pub const fn purpose(self) -> Option<Purpose> {
        match self {
            Interface::Administration => Some(Purpose::Management),
            Interface::EndpointMapper | Interface::Logon => Some(Purpose::Infra),
            Interface::Replication | Interface::Other => None,
        }
    }
}

const INTERFACES: &[(u128, Interface)] = &[
    (0xe1af8308_5d1f_11c9_91a4_08002b14a0fa, Interface::EndpointMapper),
    // [MS-SCMR]: services.
    (0x367abb81_9844_35f1_ad32_98f038001003, Interface::Administration),
    // [MS-TSCH]: tasks, in their three generations (ATSvc, SASec, ITaskSchedulerService).
    (0x1ff70682_0a51_30e8_076d_740be8cee98b, Interface::Administration),
    (0x378e52b0_c0a9_11cf_822d_00aa0051e40f, Interface::Administration),
    (0x86d35949_83c9_4044_b424_db363231fd0c, Interface::Administration),
    // [MS-RRP]: the registry.
    (0x338cd001_2244_31f1_aaaa_900090001003, Interface::Administration),
    // [MS-DCOM]: IRemoteSCMActivator and IActivation start objects on the other machine.
    (0x000001a0_0000_0000_c000_000000000046, Interface::Administration),
    (0x4d9f4ab8_7d1c_11cf_861e_0020af6e7c57, Interface::Administration),
    // [MS-WMI]: IWbemLevel1Login, IWbemLoginClientID, IWbemServices.
    (0xf309ad18_d86a_11d0_a075_00c04fb68820, Interface::Administration),
    (0xd4781cd6_e5d3_44df_ad94_930efe48a887, Interface::Administration),
    (0x9556dc99_828c_11cf_a37e_00aa003240c7, Interface::Administration),
    // [MS-OAUT]: IDispatch, by which shells and office programs are driven from afar.
    (0x00020400_0000_0000_c000_000000000046, Interface::Administration),
    (0xe3514235_4b06_11d1_ab04_00c04fc2dcd2, Interface::Replication),
    (0x12345678_1234_abcd_ef00_01234567cffb, Interface::Logon),
    (0x12345778_1234_abcd_ef00_0123456789ab, Interface::Logon),
    (0x12345778_1234_abcd_ef00_0123456789ac, Interface::Logon),
];
