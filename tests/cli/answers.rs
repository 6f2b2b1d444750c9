//! Answers: `blast-radius` and `spof` as their users meet them.

use serde_json::Value;

use super::{MAIL, THREE_TIER, file, folder, refused, run, told, wide};

fn answer(arguments: &[&str]) -> Value {
    serde_json::from_str(&told(&[arguments, &["-r", THREE_TIER, "-o", "json"]].concat())).unwrap()
}

fn ids(rows: &Value) -> Vec<&str> {
    rows.as_array().unwrap().iter().map(|row| row["node"].as_str().unwrap()).collect()
}

#[test]
fn the_page_begins_with_who_it_is_and_what_stops() {
    let page = wide(&["blast-radius", "db", "-r", THREE_TIER, "--site", "/dev/null"], "100");
    let section = page.split("\n\nWHAT THIS TAP").next().unwrap();
    let expected = "\
db = 10.77.0.15 = db.lab.test (dns) database
as of 2026-11-23 16:03:25Z · 29 s watched · 1 capture

IF IT STOPS: no other service fails, 5 may, 4 clients may lose a service
  MAY    app.lab.test   10.77.0.14:21080  2 clients · criticality 4.2 (inferred)
         45 % of 33 requests waited for 10.77.0.15:25432";
    assert!(section.starts_with(expected), "{section}");
    assert!(page.contains("SAFE   10.77.0.18:53/udp and ntp.lab.test 10.77.0.19:123/udp (it needs them"));
    assert!(page.contains("Bring back db.lab.test, then app.lab.test, then web1.lab.test and web2.lab.test"));
    assert!(page.contains("tapmap trace db --forward"), "{page}");
    let wide = page.lines().filter(|line| line.chars().count() > 100).collect::<Vec<_>>();
    assert_eq!(wide, [] as [&str; 0]);
}

#[test]
fn the_document_has_the_names_of_the_contract() {
    let answer = answer(&["blast-radius", "10.77.0.15"]);
    for name in ["schema", "question", "answer_id", "snapshot", "window", "visibility", "result"] {
        assert!(answer.get(name).is_some(), "{name}");
    }
    let result = &answer["result"];
    assert_eq!(result["target"], "10.77.0.15");
    let exposure = &result["exposure"];
    let (observed, tiers) = (exposure["observed"].as_array().unwrap(), ["potential", "theoretical"]);
    let [potential, theoretical] = tiers.map(|tier| exposure[tier].as_u64().unwrap());
    assert!(observed.len() as u64 <= potential && potential <= theoretical, "{exposure}");
    let impact = &result["impact"];
    for name in ["must", "may", "score", "clients", "shared_infrastructure"] {
        assert!(impact.get(name).is_some(), "{name}");
    }
    assert_eq!(ids(&impact["must"]), ["10.77.0.14"], "the application server loses its database");
    let row = &impact["may"][0];
    for name in ["node", "address", "service", "hop", "probability", "because", "group"] {
        assert!(row.get(name).is_some(), "{name}");
    }
    assert_eq!(row["because"], serde_json::json!(["10.77.0.14>10.77.0.15:25432/tcp"]));
    assert_eq!((&row["hop"], &row["group"]), (&1.into(), &"10.77.0.15:25432/tcp".into()));
    assert!(ids(&impact["may"]).contains(&"10.77.0.11:28443/tcp"));
}

#[test]
fn an_answer_is_the_same_again_and_with_more_workers() {
    let ask = |workers| told(&["blast-radius", "app", "-r", THREE_TIER, "-o", "json", "--workers", workers]);
    assert_eq!(ask("1"), ask("4"));
    assert_eq!(ask("1"), ask("1"));
}

#[test]
fn several_hosts_fail_at_once() {
    let both = answer(&["blast-radius", "10.77.0.12/31"]);
    assert_eq!(both["result"]["targets"], serde_json::json!(["10.77.0.12", "10.77.0.13"]));
    assert_eq!(ids(&both["result"]["impact"]["must"]), ["10.77.0.11"]);
    let role = answer(&["blast-radius", "role:database"]);
    assert_eq!(role["result"]["target"], "10.77.0.15");
    let port = answer(&["blast-radius", "10.77.0.17:636"]);
    assert_eq!(port["result"]["target"], "10.77.0.17:636/tcp");
    assert_eq!(ids(&port["result"]["impact"]["must"]), ["10.77.0.20"]);
}

#[test]
fn one_machine_with_two_addresses_is_one() {
    let cache = answer(&["blast-radius", "cache"]);
    let may = &cache["result"]["impact"]["may"];
    assert!(ids(may).contains(&"10.77.0.14:21080/tcp"), "it asks the cache over IPv6: {may}");
    assert!(told(&["blast-radius", "app:21080", "-r", THREE_TIER]).contains("IF IT STOPS"));
}

#[test]
fn what_the_operator_says_counts_and_is_marked() {
    let folder = folder();
    let site = file(
        folder.path(),
        "site.toml",
        "[criticality]\n\"10.77.0.11\" = { customer_impact = 1.0, data_sensitivity = 1.0, revenue = 1.0, \
         safety = 1.0, regulatory = 1.0, executive_visibility = 1.0 }\n\n[business]\nShop = \
         [\"10.77.0.11:28080\", \"10.77.0.11:28443\"]\n",
    );
    let page = told(&["blast-radius", "10.77.0.11", "-r", THREE_TIER, "--site", &site]);
    assert!(page.contains("IF IT STOPS: no other service fails, 4 clients lose Shop"), "{page}");
    assert!(page.contains("3 of the clients are outside the local networks."), "{page}");
    let page = told(&["blast-radius", "db", "-r", THREE_TIER, "--site", &site]);
    assert!(
        page.contains("criticality 5 (operator)") && page.contains("Shop: some of its services may fail")
    );
}

#[test]
fn targets_that_are_not_there_are_refused_with_what_is_near() {
    let says = |target: &str, status| refused(&["blast-radius", target, "-r", THREE_TIER], status);
    let never = says("10.77.0.99", 1);
    assert!(
        never.contains("was never seen; the nearest are") && never.contains("its subnet is tapped"),
        "{never}"
    );
    assert!(says("192.0.2.7", 1).contains("the tap may not see that subnet"));
    assert!(says("10.77.0.15:81", 1).contains("no such service on 10.77.0.15 (db.lab.test); it offers"));
    assert!(says("no-such-name", 1).contains("`tapmap hosts` lists every name"));
    assert!(says("label:crown", 1).contains("no host seen answers to"));
    assert!(says("10.77.0.15@2026-11-23T16:03:00", 2).contains("has no time zone"));
    assert!(says("10.77.0.15/24", 2).contains("write `10.77.0.0/24` for the network"));
    assert_eq!(run(&["blast-radius", "-r", THREE_TIER]).status.code(), Some(2), "no target");
}

#[test]
fn single_points_of_failure_are_ranked() {
    let all = answer(&["spof"]);
    let nodes = all["result"]["nodes"].as_array().unwrap();
    assert_eq!((&nodes[0]["node"], &nodes[0]["kind"]), (&"10.77.0.18".into(), &"host".into()));
    assert!(nodes.iter().all(|row| !row["must"].as_array().unwrap().is_empty()));
    let impacts: Vec<f64> = nodes.iter().map(|row| row["impact"].as_f64().unwrap()).collect();
    assert!(impacts.is_sorted_by(|one, next| one >= next), "{impacts:?}");
    let blast = answer(&["blast-radius", "10.77.0.18"]);
    assert_eq!(blast["result"]["impact"]["score"], nodes[0]["impact"], "one number in both answers");
    let few = answer(&["spof", "--top", "3"]);
    let shown = few["result"]["nodes"].as_array().unwrap().iter().filter(|row| row["with_host"] == false);
    assert_eq!(shown.count(), 3);
    let page = told(&["spof", "-r", THREE_TIER, "--top", "3"]);
    assert!(page.contains("SINGLE POINTS OF FAILURE: the worst 3 of"), "{page}");
    assert!(told(&["spof", "-r", MAIL, "--pairs"]).contains("SINGLE POINTS OF FAILURE"));
}
