//! Tokens: made once, shown once, listed without their secret, taken away.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::{folder, refused, run, tapmap, told};

#[test]
fn a_token_is_shown_once_and_kept_as_a_hash() {
    let folder = folder();
    let directory = folder.path().join("data");
    let place = directory.to_str().unwrap();
    let token = told(&["token", "add", "--name", "grafana", "--role", "viewer", "--data-dir", place]);
    let token = token.trim();
    assert!(token.starts_with("tapmap_") && token.len() == 54, "{token}");
    let file = directory.join("tokens.json");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(&directory).unwrap().permissions().mode() & 0o777, 0o700);
    let secret = token.rsplit('_').next().unwrap();
    assert!(!fs::read_to_string(&file).unwrap().contains(secret));
    let listed = told(&["token", "list", "--data-dir", place]);
    let id = &token[7..15];
    assert!(listed.starts_with("NAME     ROLE       ID        CREATED\ngrafana  viewer     "), "{listed}");
    assert!(listed.contains(id) && !listed.contains(secret), "{listed}");
    let rows: serde_json::Value =
        serde_json::from_str(&told(&["token", "list", "-o", "json", "--data-dir", place])).unwrap();
    assert_eq!((rows[0]["name"].as_str(), rows[0]["id"].as_str()), (Some("grafana"), Some(id)));
}

#[test]
fn a_token_is_taken_away() {
    let folder = folder();
    let place = folder.path().to_str().unwrap();
    told(&["token", "add", "--name", "one", "--role", "admin", "--data-dir", place]);
    let output = run(&["token", "revoke", "one", "--data-dir", place]);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    assert!(stderr.contains("one is revoked") && stderr.contains("Nobody can use the API"), "{stderr}");
    let unknown = refused(&["token", "revoke", "one", "--data-dir", place], 1);
    assert!(unknown.contains("there is no token with the name or id `one`"), "{unknown}");
}

#[test]
fn wrong_words_are_wrong_usage() {
    let role = refused(&["token", "add", "--name", "a", "--role", "root", "--data-dir", "."], 2);
    assert!(role.contains("write viewer, responder or admin"), "{role}");
    let nowhere = tapmap(&["token", "list"]).env_remove("TAPMAP_DATA_DIR").output().unwrap();
    assert_eq!(nowhere.status.code(), Some(2));
}
