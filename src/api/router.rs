//! All routes, in groups by who may ask, under what every request passes.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use utoipa_axum::router::OpenApiRouter;

use super::app::App;
use super::auth::{self, Auth, Role, require};
use super::headers::secure_headers;
use super::route::{Access, PREFIXES};
use super::{describe, diff, event, guard, health, list, map, question, report, service};

/// Routes about a map.
fn of_a_map() -> OpenApiRouter<App> {
    list::router()
        .merge(question::router())
        .merge(report::router())
        .merge(health::router())
        .merge(event::router())
}

/// The routes that a role is needed for, and those that none is.
fn group(access: Access) -> OpenApiRouter<App> {
    match access {
        Access::Open => service::open().merge(auth::described_routes()),
        Access::Viewer => {
            PREFIXES.iter().fold(service::router(), |router, prefix| router.nest(prefix, of_a_map()))
        }
        Access::Responder | Access::Admin => OpenApiRouter::default(),
    }
}

/// A group that asks who is there before it answers.
fn guarded(access: Access) -> OpenApiRouter<App> {
    let role = match access {
        Access::Open => return group(access),
        Access::Viewer => Role::Viewer,
        Access::Responder => Role::Responder,
        Access::Admin => Role::Admin,
    };
    match group(access) {
        // A layer around no route is refused by axum.
        group if group.get_openapi().paths.paths.is_empty() => group,
        group => group.route_layer(require(role)),
    }
}

/// The whole API over a map, for those whom `auth` lets in.
pub fn app(app: App, auth: Arc<Auth>) -> Router {
    let groups = [Access::Open, Access::Viewer, Access::Responder, Access::Admin];
    let all = groups.into_iter().map(guarded).fold(OpenApiRouter::default(), OpenApiRouter::merge);
    let (router, document) = all.split_for_parts();
    app.describe(describe::document(document));
    router
        .fallback(guard::nowhere)
        .method_not_allowed_fallback(guard::other_method)
        .layer(DefaultBodyLimit::max(app.options.limits.body_bytes))
        .layer(CatchPanicLayer::custom(guard::panicked))
        .layer(CompressionLayer::new())
        .layer(from_fn(guard::problems))
        .layer(from_fn_with_state(app.clone(), guard::time))
        .layer(from_fn_with_state(app.clone(), guard::crowd))
        .layer(from_fn_with_state(app.clone(), guard::host))
        .layer(auth::guard(auth))
        .layer(from_fn_with_state(app.clone(), guard::count))
        .layer(from_fn(secure_headers))
        .with_state(app)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::route::{Route, routes};

    fn described(access: Access) -> Vec<Route> {
        let document = group(access).into_openapi();
        let operations = document.paths.paths.into_iter().flat_map(|(path, item)| {
            let mut item = item;
            let methods: Vec<_> =
                describe::operations(&mut item).into_iter().map(|(method, _)| method).collect();
            methods.into_iter().map(move |method| (path.clone(), method))
        });
        operations.map(|(path, method)| Route { path, method: method.to_owned(), access }).collect()
    }

    #[test]
    fn each_group_has_the_routes_that_the_table_gives_it() {
        for access in [Access::Open, Access::Viewer, Access::Responder, Access::Admin] {
            let mut group = described(access);
            group.sort();
            let table: Vec<Route> = routes().into_iter().filter(|route| route.access == access).collect();
            assert_eq!(group, table);
        }
    }
}
