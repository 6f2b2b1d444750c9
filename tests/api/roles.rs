//! Who may do what: every role at every route, as the table says.

use tapmap::api::auth::{Role, TokenFile};
use tapmap::api::{Access, routes};

use super::*;

#[tokio::test]
async fn every_role_at_every_route() {
    let folder = tempfile::tempdir().unwrap();
    let file = TokenFile::in_directory(folder.path());
    let token = |role: Role| file.add(role.word(), role, Stopped.time()).unwrap().text().to_owned();
    let tokens = Role::ALL.map(|role| (Some(role), Some(token(role))));
    let router = tapmap::api::app(App::new(still(THREE_TIER), Options::default()), auth(Some(folder.path())));
    let callers = [(None, None), (None, Some("tapmap_nobody".to_owned()))].into_iter().chain(tokens);
    for (role, token) in callers {
        for route in routes() {
            let needed = match route.access {
                Access::Open => None,
                Access::Viewer => Some(Role::Viewer),
                Access::Responder => Some(Role::Responder),
                Access::Admin => Some(Role::Admin),
            };
            let path = route.path.replace("{map}", "x").replace("{id}", "x").replace("{answer_id}", "x");
            let query = if path.ends_with("/events") { "?once" } else { "" };
            let bearer = token.as_ref().map(|token| format!("Bearer {token}"));
            let headers: Vec<(&str, &str)> =
                bearer.iter().map(|bearer| ("authorization", bearer.as_str())).collect();
            let told =
                sent(router.clone(), request(&route.method, &format!("{path}{query}"), &headers)).await;
            let place = format!("{role:?} {} {path}: {} {}", route.method, told.status, told.text());
            let status = told.status.as_u16();
            let session = path == "/api/v1/session";
            match needed {
                None => assert!(session || status == 200, "{place}"),
                Some(_) if role.is_none() => assert_eq!(status, 401, "{place}"),
                Some(needed) if role < Some(needed) => {
                    assert_eq!(status, 403, "{place}");
                    assert!(told.text().contains("takes the role"), "{place}");
                }
                // A server without uploads says so in the same way, and in other words.
                Some(_) => assert!(status != 401 && !told.text().contains("takes the role"), "{place}"),
            }
            assert_ne!(status, 405, "{place}");
        }
    }
}
