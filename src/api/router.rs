//! All routes, in groups by who may ask, under what every request passes.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use utoipa_axum::router::OpenApiRouter;

use super::app::App;
use super::auth::{self, Auth, Role};
use super::route::{Access, PREFIXES, routes};
use super::{describe, event, guard, list, report, service};

/// Routes about a map.
fn of_a_map() -> OpenApiRouter<App> {
    list::router().merge(report::router()).merge(event::router())
}

/// The routes that a role is needed for, and those that none is.
fn group(access: Access) -> OpenApiRouter<App> {
    match access {
        Access::Open => service::open(),
        Access::Viewer => {
            PREFIXES.iter().fold(service::router(), |router, prefix| router.nest(prefix, of_a_map()))
        }
        Access::Responder | Access::Admin => OpenApiRouter::default(),
    }
}

/// The whole API over a map, without a guard: everybody may ask everything.
pub fn app(app: App) -> Router {
    assemble(app, None)
}

/// The whole API over a map, for whoever may ask.
pub fn guarded(app: App, auth: Arc<Auth>) -> Router {
    assemble(app, Some(auth))
}

fn assemble(app: App, auth: Option<Arc<Auth>>) -> Router {
    let groups = [Access::Open, Access::Viewer, Access::Responder, Access::Admin];
    let all = groups.into_iter().map(|access| match (auth.is_some(), role(access)) {
        // axum takes no layer around no routes.
        (true, Some(role)) if routes().iter().any(|route| route.access == access) => {
            group(access).route_layer(auth::require(role))
        }
        _ => group(access),
    });
    let (router, document) = all.fold(OpenApiRouter::default(), OpenApiRouter::merge).split_for_parts();
    app.describe(describe::document(document));
    let router = pass(router, &app);
    let router = match auth {
        Some(auth) => router.layer(auth::guard(auth)),
        None => router,
    };
    router.layer(from_fn_with_state(app.clone(), guard::around)).with_state(app)
}

/// What it takes to ask; nothing at all for what says nothing of the map.
fn role(access: Access) -> Option<Role> {
    match access {
        Access::Open => None,
        Access::Viewer => Some(Role::Viewer),
        Access::Responder => Some(Role::Responder),
        Access::Admin => Some(Role::Admin),
    }
}

/// What every request passes but the outermost.
fn pass(router: Router<App>, app: &App) -> Router<App> {
    router
        .merge(auth::routes())
        .fallback(guard::nowhere)
        .method_not_allowed_fallback(guard::other_method)
        .layer(DefaultBodyLimit::max(app.options.limits.body_bytes))
        .layer(CatchPanicLayer::custom(guard::panicked))
        .layer(CompressionLayer::new())
        .layer(from_fn(guard::problems))
        .layer(from_fn_with_state(app.clone(), guard::time))
        .layer(from_fn_with_state(app.clone(), guard::crowd))
        .layer(from_fn_with_state(app.clone(), guard::host))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::route::Route;

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
