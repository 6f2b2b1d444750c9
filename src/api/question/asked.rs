//! A question as it came: in the query string, or as JSON in the body; and how its page is to be shown.

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use utoipa::IntoParams;
use utoipa::openapi::path::ParameterIn;

use super::wire::Sent;
use crate::api::app::App;
use crate::api::error::{Kind, Problem};
use crate::api::past::When;
use crate::api::words::read;
use crate::report::{Paint, Report, View};

/// How a page for people is shown; other forms take no notice.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Showing {
    /// Columns of a page for people
    #[param(minimum = 20, maximum = 1000)]
    pub width: Option<u16>,
    /// Colours in a page for people, as terminals take them
    #[serde(default)]
    #[param(required = false)]
    pub colour: bool,
    /// Names beside addresses in a page for people [default: true]
    pub names: Option<bool>,
}

impl Showing {
    /// How a page of a report is shown.
    ///
    /// # Errors
    /// If no page is so wide or so narrow.
    pub fn view<'a>(&self, report: &'a Report<'a>, again: String) -> Result<View<'a>, Problem> {
        if let Some(width) = self.width.filter(|width| !(20..=1_000).contains(width)) {
            let why = "`width`: a page has from 20 to 1000 columns";
            return Err(Problem::parameter("width", &width.to_string(), why));
        }
        Ok(View {
            report,
            paint: Paint { colours: self.colour },
            width: self.width.map(usize::from),
            names: self.names.unwrap_or(true),
            again,
        })
    }
}

/// Parameters as they came.
pub struct Put(Vec<(String, String)>);

impl FromRequestParts<App> for Put {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        let pairs = Query::try_from_uri(&parts.uri)
            .map_err(|error| Problem::new(Kind::Malformed, format!("the query cannot be read: {error}")))?;
        Ok(Put(pairs.0))
    }
}

fn names<T: IntoParams>() -> Vec<String> {
    T::into_params(|| Some(ParameterIn::Query)).into_iter().map(|known| known.name).collect()
}

fn misvalued((parameter, why): (&'static str, String)) -> Problem {
    Problem::parameter(parameter, "", format!("`{parameter}`: {why}"))
}

impl Put {
    /// The question in the query string.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn parameters<Q: Sent>(self) -> Result<(Q, When, Showing), Problem> {
        let (when, rest) = self.when()?;
        let (wire, showing) = rest.pairs()?;
        Ok((Q::read(wire).map_err(misvalued)?, when, showing))
    }

    /// The question in the body.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn body<Q: Sent>(self, headers: &HeaderMap, body: &[u8]) -> Result<(Q, When, Showing), Problem> {
        let (when, rest) = self.when()?;
        let (wire, showing) = rest.document(headers, body)?;
        Ok((Q::read(wire).map_err(misvalued)?, when, showing))
    }

    /// Which time is meant, and the other parameters.
    fn when(self) -> Result<(When, Put), Problem> {
        let of_when = names::<When>();
        let (when, rest) = self.0.into_iter().partition(|(name, _)| of_when.contains(name));
        Ok((read(when, &[])?, Put(rest)))
    }

    /// What is sent in the query string, and how it is to be shown.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn pairs<W: DeserializeOwned + IntoParams>(self) -> Result<(W, Showing), Problem> {
        let of_showing = names::<Showing>();
        let (showing, wire) = self.0.into_iter().partition(|(name, _)| of_showing.contains(name));
        Ok((read(wire, &of_showing)?, read(showing, &[])?))
    }

    /// What is sent in the body, and how it is to be shown.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn document<W: DeserializeOwned>(
        self,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<(W, Showing), Problem> {
        let media =
            headers.get(header::CONTENT_TYPE).and_then(|media| media.to_str().ok()).unwrap_or_default();
        let media = media.split(';').next().unwrap_or_default().trim();
        if !media.eq_ignore_ascii_case("application/json") {
            let why = format!("a question is `application/json`, and this is `{media}`");
            return Err(Problem::new(Kind::UnsupportedMedia, why));
        }
        let wire = serde_json::from_slice(body).map_err(|error| {
            Problem::new(Kind::Malformed, format!("the question cannot be read: {error}"))
        })?;
        Ok((wire, read(self.0, &[])?))
    }
}
