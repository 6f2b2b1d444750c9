//! What an operator may write, what is refused and how that is said.

use std::collections::BTreeSet;

use super::*;

fn gather(
    file: &str,
    environment: &[(&str, &str)],
    flags: &[(&'static str, &str)],
) -> Result<Configuration, Mistakes> {
    Configuration::gather(&Sources {
        file: Some(("t.toml".into(), file.to_owned())),
        environment: environment
            .iter()
            .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
            .collect(),
        flags: flags.iter().map(|(name, text)| (*name, Given::One((*text).to_owned()))).collect(),
    })
}

/// What is wrong with a file, a line each.
fn wrong(file: &str) -> String {
    let mistakes = gather(file, &[], &[]).unwrap_err().0;
    mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn nothing_said_is_the_default() {
    let configuration = gather("", &[], &[]).unwrap();
    assert_eq!(configuration, Configuration::default());
    let sensor = configuration.sensor;
    assert_eq!(sensor.buffer, Bytes(64 << 20));
    assert_eq!(sensor.tick.0.as_millis(), 250);
    assert_eq!(sensor.listen.unwrap().to_string(), "127.0.0.1:8470");
    assert!(sensor.promiscuous && sensor.interfaces.is_empty() && sensor.workers.is_none());
}

#[test]
fn every_row_of_the_table_holds_what_it_says() {
    let mut names = BTreeSet::new();
    let mut letters = BTreeSet::new();
    for entry in OPTIONS {
        assert!(names.insert(entry.name), "{} stands twice", entry.name);
        assert!(entry.short.is_none_or(|letter| letters.insert(letter)), "-{:?} stands twice", entry.short);
        assert!(entry.about.ends_with('.'), "{} is told in sentences", entry.name);
        let mut sensor = Sensor::default();
        let read = |sensor: &mut Sensor, text: &str| (entry.set)(sensor, &Given::One(text.to_owned()));
        read(&mut sensor, entry.default).unwrap_or_else(|why| panic!("default of {}: {why}", entry.name));
        assert_eq!(sensor, Sensor::default(), "default of {}", entry.name);
        assert_eq!(entry.default.is_empty(), !entry.example.is_empty(), "{} shows one of both", entry.name);
        if !entry.example.is_empty() {
            read(&mut sensor, entry.example).unwrap_or_else(|why| panic!("example of {}: {why}", entry.name));
            assert_ne!(sensor, Sensor::default(), "example of {}", entry.name);
        }
        if let Some((least, most)) = entry.within.split_once(" to ") {
            assert_eq!(read(&mut sensor, least), Ok(()), "least of {}", entry.name);
            assert_eq!(read(&mut sensor, most), Ok(()), "most of {}", entry.name);
        } else {
            assert_eq!(entry.within, "", "bounds of {}", entry.name);
        }
    }
}

#[test]
fn the_example_says_every_option_and_is_read_back() {
    let text = example();
    assert_eq!(gather(&text, &[], &[]).unwrap(), Configuration::default(), "all is commented out");

    let open: Vec<&str> = text
        .lines()
        .map(|line| match line.strip_prefix('#') {
            Some(rest) if rest.starts_with(|c: char| c.is_ascii_lowercase()) => rest,
            _ => line,
        })
        .collect();
    let open = open.join("\n").replace("stdin = true", "stdin = false");
    let configuration = gather(&open, &[], &[]).unwrap();
    assert_eq!(configuration.origins.len(), OPTIONS.len(), "every option is shown");
    for entry in OPTIONS.iter().filter(|entry| !entry.default.is_empty()) {
        assert_eq!((entry.write)(&configuration.sensor), (entry.write)(&Sensor::default()), "{}", entry.name);
    }
    assert_eq!(configuration.sensor.interfaces, ["eth1", "eth2"]);
    assert!(text.lines().all(|line| line.len() <= 100), "{text}");
}

#[test]
fn flags_go_before_the_environment_and_that_before_the_file() {
    let file = "buffer = \"8 MiB\"\nsnaplen = 1000\ntick = \"1 s\"\n";
    let environment =
        [("TAPMAP_SNAPLEN", "2000"), ("TAPMAP_TICK", "2 s"), ("PATH", "/bin"), ("TAPMAP_TOKEN", "x")];
    let configuration = gather(file, &environment, &[("tick", "3 s")]).unwrap();
    let sensor = &configuration.sensor;
    assert_eq!((sensor.buffer, sensor.snaplen, sensor.tick.0.as_secs()), (Bytes(8 << 20), 2000, 3));
    let origins: Vec<Origin> = configuration.origins.values().copied().collect();
    assert_eq!(origins, [Origin::File(1), Origin::Environment, Origin::Flag], "buffer, snaplen, tick");
}

#[test]
fn lists_are_arrays_or_texts_with_commas() {
    for (file, environment) in [
        ("interfaces = [\"eth1\", \"eth2\"]", None),
        ("interfaces = \"eth1,eth2\"", None),
        ("", Some(("TAPMAP_INTERFACES", "eth1, eth2"))),
    ] {
        let environment: Vec<(&str, &str)> = environment.into_iter().collect();
        assert_eq!(gather(file, &environment, &[]).unwrap().sensor.interfaces, ["eth1", "eth2"], "{file}");
    }
    assert!(gather("interfaces = []", &[], &[]).unwrap().sensor.interfaces.is_empty());
}

#[test]
fn mistakes_say_where_what_and_what_is_allowed() {
    for (file, says) in [
        ("\nbufer = \"8 MiB\"", "t.toml, line 2: no option `bufer`; did you mean `buffer`?"),
        ("colour = true", "t.toml, line 1: no option `colour`; `tapmap explain config` lists them"),
        (
            "buffer = 64",
            "t.toml, line 1: `buffer`: `64` has no unit; write a number with B, KiB, MiB, GiB or TiB, such as `64 MiB`",
        ),
        (
            "buffer = \"64 MB\"",
            "t.toml, line 1: `buffer`: `MB` is no unit here; write a number with B, KiB, MiB, GiB or TiB, such as `64 MiB`",
        ),
        ("buffer = \"4 GiB\"", "t.toml, line 1: `buffer`: `4 GiB` is out of bounds; write 1 MiB to 2047 MiB"),
        (
            "tick = \"5 m\"",
            "t.toml, line 1: `tick`: `m` is no unit here; write a number with ms, s, min, h or d, such as `30 d`",
        ),
        (
            "tick = \"99999999999999999 d\"",
            "t.toml, line 1: `tick`: `99999999999999999 d` is too large to be meant",
        ),
        ("workers = 0", "t.toml, line 1: `workers`: `0` is out of bounds; write 1 to 256"),
        ("workers = -1", "t.toml, line 1: `workers`: `-1` is no number; write a whole number"),
        ("promiscuous = \"yes\"", "t.toml, line 1: `promiscuous`: `yes` is neither; write true or false"),
        (
            "log_level = \"loud\"",
            "t.toml, line 1: `log_level`: `loud` is none of them; write error, warn, info, debug or trace",
        ),
        (
            "listen = \"localhost:80\"",
            "t.toml, line 1: `listen`: `localhost:80` is no address with a port; write an address and a port, such as `127.0.0.1:8470` or `[::1]:8470`",
        ),
        (
            "local_networks = [\n\"10.0.0.0/8\",\n\"10.0.0.1/8\"]",
            "t.toml, line 3: `local_networks`: `10.0.0.1/8` names a host inside a network; write `10.0.0.0/8` for the network or `10.0.0.1` for the host",
        ),
        ("data_dir = [\"a\", \"b\"]", "t.toml, line 1: `data_dir`: takes one value, not a list"),
        (
            "[filter]\na = 1",
            "t.toml, line 1: `filter`: the file has no tables; write `filter = ...` and no `[filter]`",
        ),
        (
            "filter = 2026-03-14",
            "t.toml, line 1: `filter`: no option is a date; write it between quotation marks",
        ),
        ("interfaces = [[\"eth1\"]]", "t.toml, line 1: `interfaces`: a list holds no lists"),
        ("tls_key = \"/k\"", "`tls_key` needs `tls_certificate` too"),
        (
            "listen = \"0.0.0.0:443\"",
            "`listen` at 0.0.0.0:443 would send tokens in the clear; set `tls_certificate` and `tls_key`, or listen at 127.0.0.1:443",
        ),
        (
            "stdin = true\ninterfaces = \"eth1\"",
            "`stdin` and `interfaces` exclude each other: a capture from elsewhere has its own clock",
        ),
        ("group = \"a\"", "`group` needs `user` too"),
        (
            "retention_inventory = \"9 d\"\nretention_hours = \"10 d\"",
            "`retention_inventory` (9 d) is less than `retention_hours` (10 d): hosts would go before what they did",
        ),
    ] {
        assert_eq!(wrong(file), says);
    }
    assert!(wrong("filter = \n").starts_with("t.toml, line 1: no TOML: "));
    assert!(wrong("tick = \"1 s\"\ntick = \"1 s\"").starts_with("t.toml, line 2: no TOML: duplicate key"));
}

#[test]
fn all_mistakes_are_told_and_the_first_stands_for_them() {
    let mistakes =
        gather("a = 1\nbufer = 1", &[("TAPMAP_TICKS", "1 s"), ("TAPMAP_RINGS", "0")], &[("tick", "x")]);
    let mistakes = mistakes.unwrap_err();
    let told: Vec<String> = mistakes.0.iter().map(ToString::to_string).collect();
    assert_eq!(told.len(), 5, "{told:#?}");
    assert_eq!(told[2], "the environment: no option `TAPMAP_TICKS`; did you mean `TAPMAP_TICK`?");
    assert_eq!(told[3], "TAPMAP_RINGS: `rings`: `0` is out of bounds; write 1 to 16");
    assert!(told[4].starts_with("--tick: `tick`: `x` is not understood; write "));
    assert!(mistakes.to_string().ends_with("(and 4 more: `tapmap sensor -T` lists all)"), "{mistakes}");
}

#[test]
fn a_reload_tells_what_changes_now_and_what_waits() {
    let before = gather("tick = \"1 s\"\nlog_level = \"warn\"\nsite = \"a\"", &[], &[]).unwrap();
    let after = gather("tick = \"2 s\"\nlog_level = \"debug\"", &[], &[]).unwrap();
    let changes = before.changes(&after);
    let told: Vec<_> =
        changes.iter().map(|c| (c.name, c.applies, c.before.as_str(), c.after.as_str())).collect();
    assert_eq!(
        told,
        [
            ("site", Applies::Reload, "\"a\"", "nothing"),
            ("tick", Applies::Restart, "\"1 s\"", "\"2 s\""),
            ("log_level", Applies::Reload, "\"warn\"", "\"debug\""),
        ]
    );
    assert_eq!(before.changes(&before), []);
    let running = before.reloaded(&after);
    assert_eq!(running.changes(&after).iter().map(|change| change.name).collect::<Vec<_>>(), ["tick"]);
}

#[test]
fn values_are_written_so_that_they_are_read_again() {
    let hostile = "a\"b\\c\nd\u{7f}";
    let mut sensor = Sensor { filter: Some(hostile.to_owned()), ..Sensor::default() };
    sensor.tick = Period(std::time::Duration::from_millis(1_500));
    for entry in OPTIONS {
        let Some(value) = (entry.write)(&sensor) else { continue };
        let read = gather(&format!("{} = {value}", entry.name), &[], &[]);
        let read = read.unwrap_or_else(|why| panic!("{}: {why}", entry.name));
        assert_eq!((entry.write)(&read.sensor), Some(value));
    }
}
