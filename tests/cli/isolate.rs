//! `isolate` and `cut`: what breaks, what that leaves, and where it can be enforced.

use serde_json::Value;

use super::*;

fn json(arguments: &[&str]) -> Value {
    serde_json::from_str(&told(arguments)).unwrap()
}

fn texts(value: &Value) -> Vec<&str> {
    value.as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect()
}

#[test]
fn the_answer_has_the_names_of_the_contract() {
    let answer = json(&["isolate", "10.77.0.15", "-r", THREE_TIER, "-o", "json"]);
    assert_eq!(answer["schema"], "tapmap/answer/1");
    assert_eq!(answer["question"]["mode"], "full");
    let result = &answer["result"];
    assert_eq!(texts(&result["targets"]), ["10.77.0.15"]);
    let crossing = [
        "10.77.0.14>10.77.0.15:25432/tcp",
        "10.77.0.15>10.77.0.18:53/udp",
        "10.77.0.15>10.77.0.19:123/udp",
        "10.77.0.20>10.77.0.15:22022/tcp",
    ];
    assert_eq!(texts(&result["cut"]), crossing);
    for side in ["outside", "inside"] {
        for row in
            result[side]["must"].as_array().unwrap().iter().chain(result[side]["may"].as_array().unwrap())
        {
            for name in ["node", "address", "service", "hop", "probability", "because", "group"] {
                assert!(row.get(name).is_some(), "{side} has no {name}: {row}");
            }
            let inside = row["address"] == "10.77.0.15";
            assert_eq!(inside, side == "inside", "{row}");
        }
    }
    let cost = &result["cost"];
    assert!(cost["minimum_cut"].as_f64().unwrap() <= cost["host"].as_f64().unwrap());
    assert!(
        cost["segment"].is_number() && result["open_flows"].is_array() && result["exceptions"].is_array()
    );
    let enforced = &result["enforcement"];
    let sum: u64 = ["gateway", "switch", "unseen"].iter().map(|at| enforced[at].as_u64().unwrap()).sum();
    assert_eq!(sum, 4, "every cut edge says where it can be enforced");
}

#[test]
fn modes_block_what_they_say() {
    let cut = |mode: &str| -> Vec<String> {
        let answer = json(&["isolate", "10.77.0.15", "--mode", mode, "-r", THREE_TIER, "-o", "json"]);
        assert_eq!(answer["result"]["mode"], mode);
        texts(&answer["result"]["cut"]).iter().map(ToString::to_string).collect()
    };
    let (database, dns) = ("10.77.0.14>10.77.0.15:25432/tcp", "10.77.0.15>10.77.0.18:53/udp");
    let (ntp, ssh) = ("10.77.0.15>10.77.0.19:123/udp", "10.77.0.20>10.77.0.15:22022/tcp");
    assert_eq!(cut("full"), [database, dns, ntp, ssh]);
    assert_eq!(cut("egress"), [dns, ntp]);
    assert_eq!(cut("ingress"), [database, ssh]);
    assert_eq!(cut("lateral"), [ssh], "SSH on a port of its own is SSH");
    assert_eq!(cut("quarantine"), [database, ssh]);
    let answer = json(&[
        "isolate",
        "10.77.0.15",
        "--mode",
        "edge",
        "--edge",
        "10.77.0.20>10.77.0.15:22022",
        "-r",
        THREE_TIER,
        "-o",
        "json",
    ]);
    assert_eq!(texts(&answer["result"]["cut"]), [ssh]);
    let kept = json(&["isolate", "10.77.0.15", "--keep", "10.77.0.15:25432", "-r", THREE_TIER, "-o", "json"]);
    assert_eq!(texts(&kept["result"]["cut"]), [dns, ntp, ssh]);
    assert_eq!(kept["result"]["exceptions"][0]["why"], "kept");
}

#[test]
fn wrong_use_says_what_to_write() {
    let stderr = refused(&["isolate", "10.77.0.15", "--mode", "total", "-r", THREE_TIER], 2);
    assert!(stderr.contains("write full, egress, ingress, lateral, quarantine or edge"), "{stderr}");
    let stderr = refused(&["isolate", "10.77.0.15", "--mode", "edge", "-r", THREE_TIER], 2);
    assert!(stderr.contains("belong together"), "{stderr}");
    let stderr = refused(&["isolate", "10.77.0.99", "-r", THREE_TIER], 1);
    assert!(stderr.contains("was never seen"), "{stderr}");
    let stderr = refused(&["isolate", "10.77.0.15", "--keep", "10.77.0.15", "-r", THREE_TIER], 2);
    assert!(stderr.contains("write host:port, or client>host:port"), "{stderr}");
    let both = ["cut", "--from", "10.77.0.15", "--to", "10.77.0.0/24", "-r", THREE_TIER];
    let stderr = refused(&both, 2);
    assert!(stderr.contains("10.77.0.15 is in both sets"), "{stderr}");
}

#[test]
fn the_page_is_laid_out_in_the_order_of_decisions() {
    let text = wide(&["isolate", "10.77.0.15", "-r", THREE_TIER], "120");
    let headings = [
        "FULL ISOLATION BREAKS ",
        "IT DOES NOT STOP MOVEMENT INSIDE: ",
        "OPTIONS",
        "WHERE IT CAN BE ENFORCED",
        "WHAT THIS TAP CANNOT SEE HERE",
        "NEXT",
    ];
    let places: Vec<Option<usize>> =
        headings.iter().map(|heading| text.find(&format!("\n\n{heading}"))).collect();
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{places:?}\n{text}");
    for sentence in [
        "10.77.0.15 = db.lab.test",
        "  INSIDE loses DNS 10.77.0.18, NTP 10.77.0.19\n",
        "  Isolate the infected hosts first: by switch, NAC or EDR.",
        "You decide; nothing is applied.",
        "  4 crossing edges: 4 inside a segment: only at switch, NAC or EDR\n",
        "\nanswer ",
    ] {
        assert!(text.contains(sentence), "no `{sentence}` in\n{text}");
    }
    assert!(!text.lines().any(|line| line.ends_with(' ')), "{text}");
    let text = told(&["isolate", "10.77.0.14", "-r", THREE_TIER]);
    assert!(text.contains("fd77::14 is another address of the same machine and stays open"), "{text}");
}

#[test]
fn a_gateway_is_named_where_two_segments_meet() {
    let folder = folder();
    let site = file(
        folder.path(),
        "site.toml",
        "[segments.data]\nnetworks = [\"10.77.0.15/32\"]\ngateway = \"10.77.0.1\"\n\
         [[protected]]\nfrom = \"10.77.0.14\"\nto = \"10.77.0.15:25432\"\n",
    );
    let text = wide(&["isolate", "10.77.0.15", "-r", THREE_TIER, "--site", &site], "120");
    assert!(text.contains("4 crossing edges: 4 at gateway 10.77.0.1"), "{text}");
    assert!(text.contains("Suggested: quarantine, keep 10.77.0.15:25432/tcp."), "{text}");
    assert!(text.contains("It keeps 10.77.0.14 -> 10.77.0.15:25432/tcp: you protect it."), "{text}");
    assert!(!text.contains("MOVEMENT INSIDE"), "nobody is beside it:\n{text}");
}

#[test]
fn a_cut_is_the_second_line_and_says_what_it_leaves() {
    let from_to = ["cut", "--from", "10.77.0.11", "--to", "10.77.0.15", "-r", THREE_TIER];
    let text = told(&from_to);
    let first = text.find("FIRST ISOLATE THE INFECTED").unwrap();
    assert!(first < text.find("CUT 1 WAY, COST 1.0").unwrap(), "{text}");
    assert!(text.contains("deny 10.77.0.0/24 -> 10.77.0.15 port 22022/tcp, but for 10.77.0.20"), "{text}");
    assert!(text.contains("WHAT IT LEAVES"), "{text}");
    let result = &json(&[&from_to[..], &["-o", "json"]].concat())["result"];
    assert_eq!(result["feasible"], true);
    assert_eq!(result["witness"], Value::Null);
    let edge = &result["edges"][0];
    assert_eq!((&edge["client_address"], &edge["server_port"]), (&"10.77.0.0/24".into(), &22_022.into()));
    assert_eq!((&edge["transport"], &edge["cost"]), (&"tcp".into(), &1.0.into()));
    assert!(result["residual"]["all"].as_u64().unwrap() > 0 && result["residual"]["exec"] == 0);
    let observed = json(&[&from_to[..], &["--tier", "observed", "-o", "json"]].concat());
    assert_eq!(observed["result"]["cost"], 0.0, "nobody went there from here");
    assert_eq!(observed["result"]["residual"]["exec"], 1, "but somebody could");
}

#[test]
fn a_cut_that_is_impossible_names_the_way_and_what_to_give_up() {
    let keep = ["10.77.0.14:21080", "10.77.0.15:25432", "10.77.0.12:20443", "10.77.0.13:443"];
    let mut arguments = vec!["cut", "--from", "10.77.0.11", "--to", "10.77.0.15", "-r", THREE_TIER];
    arguments.extend(["--tier", "observed", "--classes", "all"]);
    for flow in keep {
        arguments.extend(["--keep", flow]);
    }
    let text = told(&arguments);
    assert!(text.contains("IT CANNOT BE CUT: ONLY PROTECTED FLOWS ARE LEFT"), "{text}");
    assert!(text.contains("Cheapest to give up: "), "{text}");
    arguments.extend(["-o", "json"]);
    let result = &json(&arguments)["result"];
    assert_eq!(result["feasible"], false);
    let witness = result["witness"].as_array().unwrap();
    assert_eq!(witness.first().unwrap()["client_address"], "10.77.0.11");
    assert_eq!(witness.last().unwrap()["server_port"], 25_432);
    assert!(!result["give_up"]["flows"].as_array().unwrap().is_empty());
}

#[test]
fn the_same_question_has_the_same_answer() {
    for arguments in [
        vec!["isolate", "10.77.0.14", "-r", THREE_TIER, "-o", "json"],
        vec!["cut", "--from", "198.51.100.0/24", "--to", "role:database", "-r", THREE_TIER, "-o", "json"],
    ] {
        let one = told(&[arguments.as_slice(), &["--workers", "1"]].concat());
        assert_eq!(told(&[arguments.as_slice(), &["--workers", "4"]].concat()), one);
    }
}

#[test]
fn rules_against_lateral_movement_break_what_the_isolation_says_and_nothing_else() {
    for (capture, host) in [(MAIL, "10.77.5.21"), (MAIL, "10.77.5.8/29"), (THREE_TIER, "10.77.0.15")] {
        let lateral = |command| json(&[command, host, "--mode", "lateral", "-r", capture, "-o", "json"]);
        let (isolation, policy) = (lateral("isolate"), lateral("policy"));
        let cut = texts(&isolation["result"]["cut"]);
        let broken = texts(&policy["result"]["replay"]["broken"]);
        assert!(!cut.is_empty() && broken.iter().all(|id| cut.contains(id)), "{host}: {broken:?}, {cut:?}");
    }
}
