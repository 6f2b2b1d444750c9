//! Controllers that obey whoever speaks to them (OT).

use super::rule::Rule;

/// Modbus without authentication.
pub const MODBUS: Rule = Rule {
    id: "OT-01",
    title: "Modbus without authentication",
    severity_base: 5,
    attack: &["T0855", "T0836"],
    references: &["NIST SP 800-82r3", "Modbus/TCP Security"],
    replacement: "Modbus/TCP Security, or a firewall that lets only known masters through",
    why: "Whoever reaches the controller reads its state and sets its outputs.",
};

/// DNP3 control without authentication.
pub const DNP3: Rule = Rule {
    id: "OT-02",
    title: "DNP3 control without authentication",
    severity_base: 8,
    attack: &["T0855", "T0816"],
    references: &["IEEE 1815-2012 §7"],
    replacement: "secure authentication (SAv5), or TLS",
    why: "Whoever reaches the station switches its outputs and restarts it.",
};

/// S7 communication without authentication.
pub const S7: Rule = Rule {
    id: "OT-03",
    title: "S7 communication without authentication",
    severity_base: 7,
    attack: &["T0858", "T0836"],
    references: &["NIST SP 800-82r3"],
    replacement: "controllers and engineering stations that use TLS (TIA Portal V17 and newer)",
    why: "Whoever reaches the controller reads and writes its memory, and starts and stops it.",
};

/// EtherNet/IP without CIP Security.
pub const ENIP: Rule = Rule {
    id: "OT-04",
    title: "EtherNet/IP without CIP Security",
    severity_base: 7,
    attack: &["T0855"],
    references: &["ODVA, CIP Security"],
    replacement: "CIP Security",
    why: "Whoever reaches the controller reads and writes its tags.",
};

/// IEC 60870-5-104 command without authentication.
pub const IEC104: Rule = Rule {
    id: "OT-05",
    title: "IEC 60870-5-104 command without authentication",
    severity_base: 8,
    attack: &["T0855"],
    references: &["IEC 62351-5", "IEC 62351-3"],
    replacement: "TLS (IEC 62351-3)",
    why: "Whoever reaches the station switches what it controls.",
};

/// BACnet write without authentication.
pub const BACNET: Rule = Rule {
    id: "OT-06",
    title: "BACnet write without authentication",
    severity_base: 7,
    attack: &["T0855"],
    references: &["ASHRAE 135 annex AB"],
    replacement: "BACnet/SC",
    why: "Whoever reaches the network changes set points and restarts devices.",
};

/// OPC UA channel without security.
pub const OPC_UA: Rule = Rule {
    id: "OT-07",
    title: "OPC UA channel without security",
    severity_base: 6,
    attack: &["T0869"],
    references: &["OPC 10000-2 §5", "OPC 10000-6 §6.7"],
    replacement: "SignAndEncrypt",
    why: "Anybody on the path reads and changes what passes between plant and office.",
};
