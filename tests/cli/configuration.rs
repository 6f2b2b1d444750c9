//! The sensor's configuration: the example that is printed, the check of `-T`, and that the defaults
//! are those of the modules that they are for.

use std::time::Duration;

use tapmap::capture::live::LiveOptions;
use tapmap::config::Sensor;
use tapmap::flow::Limits;
use tapmap::store::{Retention, StoreOptions};

use super::*;

#[test]
fn the_printed_example_is_a_file_that_is_taken() {
    let folder = folder();
    let example = told(&["explain", "config"]);
    let path = file(folder.path(), "tapmap.toml", &example);
    let said = told(&["sensor", "--config", &path, "-i", "lo", "-T"]);
    assert_eq!(
        said,
        "The configuration is good: one option is set.\ninterfaces = [\"lo\"]  # --interfaces\n"
    );
}

#[test]
fn the_check_tells_what_was_decided_and_where() {
    let folder = folder();
    let path =
        file(folder.path(), "tapmap.toml", "\ninterfaces = [\"lo\"]\ntick = \"1 s\"\nbuffer = \"8 MiB\"\n");
    let mut command = tapmap(&["sensor", "-T", "--buffer", "16 MiB"]);
    let output = command.env("TAPMAP_CONFIG", path).env("TAPMAP_TICK", "2 s").output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        "The configuration is good: 3 options are set.\ninterfaces = [\"lo\"]  # line 2 of the file\n\
         buffer = \"16 MiB\"  # --buffer\ntick = \"2 s\"  # TAPMAP_TICK\n"
    );
}

#[test]
fn the_check_tells_every_mistake_on_a_line() {
    let folder = folder();
    let path = file(folder.path(), "tapmap.toml", "bufer = \"8 MiB\"\nsnaplen = 1\n");
    let said = refused(&["sensor", "-T", "--config", &path, "--tick", "5"], 2);
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.len(), 3, "{said}");
    assert_eq!(lines[0], format!("tapmap: {path}, line 1: no option `bufer`; did you mean `buffer`?"));
    assert_eq!(
        lines[1],
        format!("tapmap: {path}, line 2: `snaplen`: `1` is out of bounds; write 256 to 262144")
    );
    assert_eq!(
        lines[2],
        "tapmap: --tick: `tick`: `5` has no unit; write a number with ms, s, min, h or d, such as `30 d`"
    );
}

#[test]
fn what_cannot_be_listened_to_is_found_before_it_is_tried() {
    let said = refused(&["sensor", "-T", "--config", "/dev/null"], 2);
    assert!(said.contains("nothing to listen to; name an interface (-i eth1)"), "{said}");
    let said = refused(&["sensor", "-T", "--config", "/dev/null", "-i", "eth99"], 2);
    assert!(said.contains("there is no interface `eth99`; have "), "{said}");
    let said = refused(&["sensor", "-T", "--config", "/dev/null", "-i", "lo", "-f", "tcp prot 80"], 2);
    assert!(said.starts_with("tapmap: `filter`: bad filter `tcp prot 80`"), "{said}");
    let said = refused(&["sensor", "--config", "no.toml", "-i", "lo"], 2);
    assert!(said.contains("configuration `no.toml` does not exist; `tapmap explain config` shows"), "{said}");
}

/// The table cannot ask the modules, which stand after it; so that both say the same is held here.
#[test]
fn defaults_are_those_of_what_they_are_for() {
    let (sensor, limits) = (Sensor::default(), Limits::default());
    assert_eq!(sensor.flows_max as usize, limits.flows_max);
    assert_eq!(sensor.followed_max as usize, limits.followed_max);
    assert_eq!(sensor.waiting_bytes_max.0, limits.waiting_bytes_max as u64);
    let nanos = |period: Duration| i64::try_from(period.as_nanos()).unwrap();
    assert_eq!(nanos(sensor.tcp_idle.0), limits.tcp_idle);
    assert_eq!(nanos(sensor.udp_idle.0), limits.udp_idle);

    let retention = Retention::default();
    assert_eq!(sensor.retention_flows.0, retention.flows);
    assert_eq!(sensor.retention_exchanges.0, retention.exchanges);
    assert_eq!(sensor.retention_hours.0, retention.hours);
    assert_eq!(sensor.retention_inventory.0, retention.inventory);
    assert_eq!(sensor.retention_findings.0, retention.findings);
    let store = StoreOptions::default();
    assert_eq!((sensor.durable, sensor.store_max.map(|max| max.0)), (store.durable, store.bytes_max));

    let live = LiveOptions::default();
    assert_eq!(sensor.buffer.0, live.buffer_bytes as u64);
    assert_eq!((sensor.snaplen, sensor.rings), (live.snaplen, u32::from(live.rings)));
    assert_eq!((sensor.promiscuous, sensor.stdin), (live.promiscuous, live.stdin));
}
