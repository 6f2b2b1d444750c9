//! In which form something is wanted, as `Accept` says it (RFC 9110 §12.5.1).

use axum::http::{HeaderMap, header};

use super::error::{Kind, Problem};

/// A form of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// One document.
    Json,
    /// One object a line.
    Lines,
    /// Comma-separated values with a header.
    Csv,
    /// A table or page for people.
    Text,
    /// Server-sent events.
    Events,
}

impl Form {
    /// Its media type as it is asked for.
    pub const fn media(self) -> &'static str {
        match self {
            Form::Json => "application/json",
            Form::Lines => "application/x-ndjson",
            Form::Csv => "text/csv",
            Form::Text => "text/plain",
            Form::Events => "text/event-stream",
        }
    }

    /// Its media type as it is sent.
    pub const fn content_type(self) -> &'static str {
        match self {
            Form::Csv => "text/csv; charset=utf-8",
            Form::Text => "text/plain; charset=utf-8",
            other => other.media(),
        }
    }

    /// The form that is liked best of those that can be had; the first of them where nobody says.
    ///
    /// # Errors
    /// If none of them is acceptable.
    pub fn wanted(headers: &HeaderMap, had: &[Form]) -> Result<Form, Problem> {
        let mut ranges = Vec::new();
        for value in headers.get_all(header::ACCEPT) {
            let text = value.to_str().unwrap_or_default();
            ranges.extend(text.split(',').map(str::trim).filter(|range| !range.is_empty()).map(Range::read));
        }
        if ranges.is_empty() {
            ranges.push(Range { media: "*/*", quality: 1_000 });
        }
        let mut best: Option<(u16, Form)> = None;
        for form in had.iter().copied() {
            let quality = quality(&ranges, form);
            if quality > 0 && best.is_none_or(|(other, _)| quality > other) {
                best = Some((quality, form));
            }
        }
        best.map(|(_, form)| form).ok_or_else(|| {
            let media: Vec<&str> = had.iter().map(|form| form.media()).collect();
            Problem::new(Kind::NotAcceptable, format!("it can be had as {}", media.join(", ")))
        })
    }
}

/// One media range.
struct Range<'a> {
    media: &'a str,
    /// In thousandths.
    quality: u16,
}

impl<'a> Range<'a> {
    fn read(text: &'a str) -> Range<'a> {
        let mut parts = text.split(';').map(str::trim);
        let media = parts.next().unwrap_or_default();
        let quality = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
        let quality = quality.and_then(|text| text.parse::<f32>().ok()).unwrap_or(1.0).clamp(0.0, 1.0);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 1,000")]
        Range { media, quality: (quality * 1_000.0) as u16 }
    }
}

/// The quality of a form: that of the narrowest range it is in.
fn quality(ranges: &[Range<'_>], form: Form) -> u16 {
    let media = form.media();
    let kind = media.split_once('/').map_or(media, |(kind, _)| kind);
    let narrowness = |range: &Range<'_>| match range.media {
        exact if exact.eq_ignore_ascii_case(media) => 3,
        // What some clients call the same thing.
        "application/jsonl" | "application/ndjson" if form == Form::Lines => 3,
        wide if wide.strip_suffix("/*").is_some_and(|wide| wide.eq_ignore_ascii_case(kind)) => 2,
        "*/*" | "*" => 1,
        _ => 0,
    };
    let narrowest = ranges.iter().map(narrowness).max().unwrap_or_default();
    if narrowest == 0 {
        return 0;
    }
    ranges.iter().filter(|range| narrowness(range) == narrowest).map(|range| range.quality).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(accept: &str) -> Option<Form> {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, accept.parse().unwrap());
        Form::wanted(&headers, &[Form::Json, Form::Lines, Form::Csv, Form::Text]).ok()
    }

    #[test]
    fn the_best_liked_form_is_chosen() {
        assert_eq!(Form::wanted(&HeaderMap::new(), &[Form::Csv, Form::Json]).unwrap(), Form::Csv);
        for (accept, form) in [
            ("*/*", Some(Form::Json)),
            ("application/x-ndjson", Some(Form::Lines)),
            ("text/*", Some(Form::Csv)),
            ("text/plain;q=0.9, text/csv;q=0.1", Some(Form::Text)),
            ("application/json;q=0, */*;q=0.1", Some(Form::Lines)),
            ("text/html, application/xhtml+xml, */*;q=0.8", Some(Form::Json)),
            ("image/png", None),
            ("application/json;q=0", None),
        ] {
            assert_eq!(wanted(accept), form, "{accept}");
        }
    }
}
