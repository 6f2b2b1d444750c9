//! The file: TOML without tables, one line an option.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

use super::Given;

/// A line of the file.
#[derive(Debug, PartialEq, Eq)]
pub struct Line {
    /// The option's name as written.
    pub name: String,
    /// What was written; or why it can be the value of no option.
    pub given: Result<Given, String>,
    /// Where, from 1.
    pub line: usize,
    /// For a list: where each element stands.
    pub elements: Vec<usize>,
}

/// Reads the text of a file.
///
/// # Errors
/// If it is no TOML: the line and why.
pub fn read(text: &str) -> Result<Vec<Line>, (usize, String)> {
    let line_of = |span: Range<usize>| line_at(text, span.start);
    let table = DeTable::parse(text).map_err(|error| {
        let message = error.message().trim().replace('\n', ", ");
        (line_of(error.span().unwrap_or_default()), message)
    })?;
    let mut lines: Vec<Line> = table
        .get_ref()
        .iter()
        .map(|(key, value)| {
            let elements = match value.get_ref() {
                DeValue::Array(array) => array.iter().map(|element| line_of(element.span())).collect(),
                _ => Vec::new(),
            };
            let name = key.get_ref().to_string();
            Line { given: given(&name, value.get_ref()), line: line_of(key.span()), name, elements }
        })
        .collect();
    lines.sort_by_key(|line| line.line);
    Ok(lines)
}

fn line_at(text: &str, offset: usize) -> usize {
    let before = text.as_bytes().get(..offset).unwrap_or(text.as_bytes());
    before.iter().filter(|byte| **byte == b'\n').count() + 1
}

fn given(name: &str, value: &DeValue) -> Result<Given, String> {
    match value {
        DeValue::Array(array) => array
            .iter()
            .map(|element| one(name, element.get_ref()))
            .collect::<Result<_, _>>()
            .map(Given::Many),
        value => one(name, value).map(Given::One),
    }
}

fn one(name: &str, value: &DeValue) -> Result<String, String> {
    match value {
        DeValue::String(text) => Ok(text.to_string()),
        DeValue::Integer(number) => Ok(number.to_string()),
        DeValue::Float(number) => Ok(number.to_string()),
        DeValue::Boolean(truth) => Ok(truth.to_string()),
        DeValue::Table(_) => Err(format!("the file has no tables; write `{name} = ...` and no `[{name}]`")),
        DeValue::Array(_) => Err("a list holds no lists".to_owned()),
        DeValue::Datetime(_) => Err("no option is a date; write it between quotation marks".to_owned()),
    }
}
