//! The same as a list for people who isolate by switch, NAC or EDR: who, and where to find them.

use crate::model::Mac;
use crate::query::{Atlas, Segments};

/// One host to be isolated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlainRow {
    /// Its id.
    pub host: String,
    /// Its link-layer addresses; a port of a switch is found by them.
    pub macs: Vec<Mac>,
    /// Its most telling name.
    pub name: Option<String>,
    /// VLANs that it was seen in.
    pub vlans: Vec<u16>,
    /// Its segment.
    pub segment: Option<String>,
    /// The gateway before its segment, where it was declared or one router was seen there.
    pub gateway: Option<String>,
}

/// A row for each of some hosts.
pub fn plain(atlas: &Atlas, segments: &Segments, hosts: &[u32]) -> Vec<PlainRow> {
    let rows = hosts.iter().filter_map(|place| {
        let host = atlas.host(*place)?;
        let segment = segments.of(*place).and_then(|segment| segments.get(segment));
        Some(PlainRow {
            host: host.key.to_string(),
            macs: host.macs.iter().copied().collect(),
            name: host.names.first().map(|name| name.name.to_string()),
            vlans: host.vlans.clone(),
            segment: segment.map(|segment| segment.name.clone()),
            gateway: segment.and_then(|segment| segment.gateway).map(|gateway| gateway.to_string()),
        })
    });
    rows.collect()
}
