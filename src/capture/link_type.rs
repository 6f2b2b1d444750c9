//! Link types: how the bytes of a frame begin.

/// How a frame's bytes begin: the link type of the capture (the LINKTYPE registry of tcpdump.org).
/// The number is kept as the file has it; some files carry the DLT number of the system that wrote
/// them, so that raw IP has three numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkType(pub u16);

/// Declares the constants and their names in one table, so that neither can be forgotten.
macro_rules! link_types {
    ($($(#[doc = $doc:literal])* $constant:ident = $number:literal $name:literal;)*) => {
        impl LinkType {
            $($(#[doc = $doc])* pub const $constant: LinkType = LinkType($number);)*

            /// The name by which libpcap and tcpdump call it; where they have none, the registry's
            /// without `LINKTYPE_`; `LINKTYPE_nnn` for numbers not listed here.
            pub fn name(self) -> String {
                match self.0 {
                    $($number => $name.to_owned(),)*
                    number => format!("LINKTYPE_{number}"),
                }
            }
        }
    };
}

link_types! {
    /// BSD loopback: an address family in the capturing host's byte order.
    NULL = 0 "NULL";
    /// Ethernet.
    ETHERNET = 1 "EN10MB";
    /// AX.25.
    AX25 = 3 "AX25";
    /// Token Ring.
    IEEE802_5 = 6 "IEEE802";
    /// ARCNET as BSD has it.
    ARCNET_BSD = 7 "ARCNET";
    /// SLIP.
    SLIP = 8 "SLIP";
    /// PPP (RFC 1661), with or without HDLC framing (RFC 1662).
    PPP = 9 "PPP";
    /// FDDI.
    FDDI = 10 "FDDI";
    /// Raw IP as most systems number it internally.
    DLT_RAW = 12 "RAW";
    /// Raw IP as OpenBSD numbers it internally.
    DLT_RAW_OPENBSD = 14 "RAW";
    /// PPP in HDLC-like framing (RFC 1662).
    PPP_HDLC = 50 "PPP_SERIAL";
    /// PPPoE session packets (RFC 2516), without their Ethernet header.
    PPP_ETHER = 51 "PPP_ETHER";
    /// ATM, LLC-encapsulated (RFC 1483).
    ATM_RFC1483 = 100 "ATM_RFC1483";
    /// Raw IP: version 4 or 6, told by the first nibble.
    RAW = 101 "RAW";
    /// Cisco HDLC, also PPP in HDLC-like framing.
    C_HDLC = 104 "C_HDLC";
    /// IEEE 802.11 without any radio header.
    IEEE802_11 = 105 "IEEE802_11";
    /// Frame Relay.
    FRELAY = 107 "FRELAY";
    /// OpenBSD loopback: an address family in network byte order.
    LOOP = 108 "LOOP";
    /// OpenBSD's view of IPsec.
    ENC = 109 "ENC";
    /// Linux "cooked" capture, version 1.
    LINUX_SLL = 113 "LINUX_SLL";
    /// Apple LocalTalk.
    LTALK = 114 "LTALK";
    /// OpenBSD pf log.
    PFLOG = 117 "PFLOG";
    /// IEEE 802.11 after a Prism header.
    IEEE802_11_PRISM = 119 "PRISM_HEADER";
    /// IP over Fibre Channel (RFC 2625).
    IP_OVER_FC = 122 "IP_OVER_FC";
    /// ATM as SunATM has it.
    SUNATM = 123 "SUNATM";
    /// IEEE 802.11 after a radiotap header.
    IEEE802_11_RADIOTAP = 127 "IEEE802_11_RADIO";
    /// ARCNET as Linux has it.
    ARCNET_LINUX = 129 "ARCNET_LINUX";
    /// IP over IEEE 1394 as Apple has it.
    APPLE_IP_OVER_IEEE1394 = 138 "APPLE_IP_OVER_IEEE1394";
    /// SS7 MTP2 with a pseudo-header.
    MTP2_WITH_PHDR = 139 "MTP2_WITH_PHDR";
    /// SS7 MTP2.
    MTP2 = 140 "MTP2";
    /// SS7 MTP3.
    MTP3 = 141 "MTP3";
    /// SS7 SCCP.
    SCCP = 142 "SCCP";
    /// DOCSIS.
    DOCSIS = 143 "DOCSIS";
    /// Whatever the writer wanted: the first of sixteen private numbers.
    USER0 = 147 "USER0";
    /// IEEE 802.11 after an AVS header.
    IEEE802_11_AVS = 163 "IEEE802_11_RADIO_AVS";
    /// BACnet MS/TP.
    BACNET_MS_TP = 165 "BACNET_MS_TP";
    /// PPP as pppd hands it over, with a direction byte.
    PPP_PPPD = 166 "PPP_PPPD";
    /// GPRS LLC.
    GPRS_LLC = 169 "GPRS_LLC";
    /// Ethernet after a Juniper header.
    JUNIPER_ETHER = 178 "JUNIPER_ETHER";
    /// USB as FreeBSD hands it over.
    USB_FREEBSD = 186 "USB_FREEBSD";
    /// Bluetooth HCI.
    BLUETOOTH_HCI_H4 = 187 "BLUETOOTH_HCI_H4";
    /// USB as Linux hands it over, 48-byte header.
    USB_LINUX = 189 "USB_LINUX";
    /// Per-packet information: the real link type stands in each packet.
    PPI = 192 "PPI";
    /// IEEE 802.15.4 with its checksum.
    IEEE802_15_4_WITHFCS = 195 "IEEE802_15_4";
    /// Endace ERF records.
    ERF = 197 "ERF";
    /// Bluetooth HCI with a direction.
    BLUETOOTH_HCI_H4_WITH_PHDR = 201 "BLUETOOTH_HCI_H4_WITH_PHDR";
    /// PPP after a direction byte.
    PPP_WITH_DIR = 204 "PPP_WITH_DIR";
    /// Cisco HDLC after a direction byte.
    C_HDLC_WITH_DIR = 205 "C_HDLC_WITH_DIR";
    /// Frame Relay after a direction byte.
    FRELAY_WITH_DIR = 206 "FRELAY_WITH_DIR";
    /// IPMB as Linux hands it over.
    IPMB_LINUX = 209 "IPMB_LINUX";
    /// MPLS, its label stack first.
    MPLS = 219 "MPLS";
    /// USB as Linux hands it over, 64-byte header.
    USB_LINUX_MMAPPED = 220 "USB_LINUX_MMAPPED";
    /// Fibre Channel frames.
    FC_2 = 224 "FC_2";
    /// IP after the header of Solaris' observability.
    IPNET = 226 "IPNET";
    /// SocketCAN.
    CAN_SOCKETCAN = 227 "CAN_SOCKETCAN";
    /// Raw IPv4.
    IPV4 = 228 "IPV4";
    /// Raw IPv6.
    IPV6 = 229 "IPV6";
    /// IEEE 802.15.4 without its checksum.
    IEEE802_15_4_NOFCS = 230 "IEEE802_15_4_NOFCS";
    /// D-Bus messages.
    DBUS = 231 "DBUS";
    /// DVB common interface.
    DVB_CI = 235 "DVB_CI";
    /// Messages of the Linux netfilter log.
    NFLOG = 239 "NFLOG";
    /// Hilscher netANALYZER, Ethernet after its own header.
    NETANALYZER = 240 "NETANALYZER";
    /// Hilscher netANALYZER, Ethernet with preamble after its own header.
    NETANALYZER_TRANSPARENT = 241 "NETANALYZER_TRANSPARENT";
    /// IP over InfiniBand (RFC 4391).
    IPOIB = 242 "IPOIB";
    /// MPEG-2 transport stream.
    MPEG_2_TS = 243 "MPEG_2_TS";
    /// State updates of OpenBSD's pf.
    PFSYNC = 246 "PFSYNC";
    /// InfiniBand.
    INFINIBAND = 247 "INFINIBAND";
    /// SCTP without IP.
    SCTP = 248 "SCTP";
    /// USB as Windows hands it over.
    USBPCAP = 249 "USBPCAP";
    /// Bluetooth low energy.
    BLUETOOTH_LE_LL = 251 "BLUETOOTH_LE_LL";
    /// A dissector's name and what it dissects, as Wireshark exports it.
    WIRESHARK_UPPER_PDU = 252 "WIRESHARK_UPPER_PDU";
    /// Linux netlink.
    NETLINK = 253 "NETLINK";
    /// Bluetooth as the Linux monitor hands it over.
    BLUETOOTH_LINUX_MONITOR = 254 "BLUETOOTH_LINUX_MONITOR";
    /// Bluetooth low energy after a pseudo-header.
    BLUETOOTH_LE_LL_WITH_PHDR = 256 "BLUETOOTH_LE_LL_WITH_PHDR";
    /// Packets as Apple's pktap hands them over: the real link type stands in each packet.
    PKTAP = 258 "PKTAP";
    /// Ethernet passive optical network, with preamble.
    EPON = 259 "EPON";
    /// IPMI traces.
    IPMI_HPM_2 = 260 "IPMI_HPM_2";
    /// Radio data system groups.
    RDS = 265 "RDS";
    /// USB as macOS hands it over.
    USB_DARWIN = 266 "USB_DARWIN";
    /// SDLC frames.
    SDLC = 268 "SDLC";
    /// Messages of VMware's vSockets.
    VSOCK = 271 "VSOCK";
    /// Messages of the Nordic Bluetooth sniffer.
    NORDIC_BLE = 272 "NORDIC_BLE";
    /// Ethernet mPackets (IEEE 802.3br), with preamble.
    ETHERNET_MPACKET = 274 "ETHERNET_MPACKET";
    /// Linux "cooked" capture, version 2.
    LINUX_SLL2 = 276 "LINUX_SLL2";
    /// Messages of Elektrobit's bus recorder.
    EBHSCR = 279 "EBHSCR";
    /// Ethernet with Broadcom's switch tag.
    DSA_TAG_BRCM = 281 "DSA_TAG_BRCM";
    /// Ethernet after Broadcom's switch tag.
    DSA_TAG_BRCM_PREPEND = 282 "DSA_TAG_BRCM_PREPEND";
    /// IEEE 802.15.4 after its own header.
    IEEE802_15_4_TAP = 283 "IEEE802_15_4_TAP";
    /// Ethernet after Marvell's switch tag.
    DSA_TAG_DSA = 284 "DSA_TAG_DSA";
    /// Ethernet with Marvell's longer switch tag.
    DSA_TAG_EDSA = 285 "DSA_TAG_EDSA";
    /// Z-Wave after its own header.
    Z_WAVE_TAP = 297 "Z_WAVE_TAP";
}

impl LinkType {
    /// Whether its frames may be longer than a network's: whole transfers and messages. libpcap and
    /// Wireshark allow these 128 MiB.
    pub(super) const fn has_giants(self) -> bool {
        matches!(
            self,
            LinkType::DBUS
                | LinkType::USBPCAP
                | LinkType::EBHSCR
                | LinkType::USB_LINUX
                | LinkType::USB_LINUX_MMAPPED
                | LinkType::USB_DARWIN
        )
    }

    /// The number that libpcap knows it by on this system: it speaks of DLTs, files of LINKTYPEs.
    /// They are the same but for a few that the BSDs had numbered differently before.
    pub(super) const fn dlt(self) -> i32 {
        match self {
            LinkType::RAW | LinkType::DLT_RAW_OPENBSD => 12,
            LinkType::ATM_RFC1483 => 11,
            LinkType(number) => number as i32,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every name against libpcap's, where it knows the number.
    #[test]
    fn names_are_those_of_libpcap() {
        let mut compared = 0;
        for number in 0..300 {
            let link = LinkType(number);
            if let Ok(name) = ::pcap::Linktype(link.dlt()).get_name()
                && !link.name().starts_with("LINKTYPE_")
            {
                assert_eq!(link.name(), name, "{number}");
                compared += 1;
            }
        }
        assert!(compared > 60, "{compared}");
    }

    #[test]
    fn raw_ip_has_three_numbers_and_the_unknown_its_own() {
        assert_eq!([12, 14, 101].map(|number| LinkType(number).name()), ["RAW", "RAW", "RAW"]);
        assert_eq!(LinkType::ETHERNET.name(), "EN10MB");
        assert_eq!(LinkType(4711).name(), "LINKTYPE_4711");
    }
}
