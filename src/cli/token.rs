//! `tapmap token add | list | revoke`: who may use the API.

use std::io::Write;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;

use super::clock::SystemClock;
use super::failure::{DONE, Failure};
use super::output;
use crate::api::auth::{Clock, Record, Role, TokenFile};
use crate::report::clean;

/// `token`.
#[derive(Debug, Args)]
pub struct TokenArguments {
    /// What to do with tokens
    #[command(subcommand)]
    pub deed: TokenDeed,
}

/// What can be done with tokens.
#[derive(Debug, Subcommand)]
pub enum TokenDeed {
    /// Make a token and show it, this once
    Add {
        /// Whose it is; stands in the audit
        #[arg(long, value_name = "NAME")]
        name: String,
        /// What it opens: viewer (look and ask), responder (also act), admin (also run the sensor)
        #[arg(long, value_name = "viewer|responder|admin")]
        role: Role,
        /// Where it is kept.
        #[command(flatten)]
        place: Place,
    },
    /// List tokens: name, role, id, when made; never the token itself
    List {
        /// Where they are kept.
        #[command(flatten)]
        place: Place,
        /// How to write them
        #[arg(short, long, value_enum, value_name = "FORMAT", default_value_t = Form::Table)]
        output: Form,
    },
    /// Take a token away; a sensor that is running refuses it from the next request on
    Revoke {
        /// Its name or id
        #[arg(value_name = "NAME|ID")]
        token: String,
        /// Where it is kept.
        #[command(flatten)]
        place: Place,
    },
}

/// The data directory.
#[derive(Debug, Args)]
pub struct Place {
    /// The sensor's data directory
    #[arg(long, value_name = "DIR", env = "TAPMAP_DATA_DIR")]
    pub data_dir: PathBuf,
}

/// How a list of tokens is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// Text for people
    Table,
    /// One JSON document
    Json,
}

/// Makes, lists or takes away tokens.
///
/// # Errors
/// If the file of tokens cannot be read or written, or there is no such token.
pub fn run(arguments: &TokenArguments) -> Result<ExitCode, Failure> {
    match &arguments.deed {
        TokenDeed::Add { name, role, place } => add(&place.data_dir, name, *role),
        TokenDeed::List { place, output } => list(&place.data_dir, *output),
        TokenDeed::Revoke { token, place } => revoke(&place.data_dir, token),
    }?;
    Ok(ExitCode::from(DONE))
}

fn add(directory: &Path, name: &str, role: Role) -> Result<(), Failure> {
    if !directory.exists() {
        // Made for the sensor, which takes it over when it starts.
        let made = std::fs::DirBuilder::new().mode(0o700).create(directory);
        made.with_context(|| format!("cannot make the data directory {}", directory.display()))
            .map_err(Failure::failed)?;
    }
    let token = TokenFile::in_directory(directory)
        .add(name, role, SystemClock::start().time())
        .map_err(Failure::failed)?;
    output::write(|out| writeln!(out, "{}", token.text()))?;
    say(&format!("{} is {role}. The token above is shown this once; only its hash is kept.", clean(name)));
    Ok(())
}

fn list(directory: &Path, form: Form) -> Result<(), Failure> {
    let file = TokenFile::in_directory(directory);
    let records = file.read().map_err(Failure::failed)?;
    let Some(records) = records else {
        return match form {
            Form::Json => output::write(|out| writeln!(out, "[]")),
            Form::Table => {
                say(&format!("no token was ever made in {}", directory.display()));
                Ok(())
            }
        };
    };
    output::write(|out| match form {
        Form::Json => {
            let rows: Vec<_> = records.iter().map(as_json).collect();
            serde_json::to_writer_pretty(&mut *out, &rows)?;
            writeln!(out)
        }
        Form::Table => write_table(out, &records),
    })
}

fn as_json(record: &Record) -> serde_json::Value {
    json!({ "name": record.name, "role": record.role, "id": record.id, "created": record.created })
}

fn write_table(out: &mut dyn Write, records: &[Record]) -> std::io::Result<()> {
    let names: Vec<String> = records.iter().map(|record| clean(&record.name)).collect();
    let width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0).max("NAME".len());
    writeln!(out, "{:width$}  {:9}  {:8}  CREATED", "NAME", "ROLE", "ID")?;
    for (record, name) in records.iter().zip(&names) {
        writeln!(
            out,
            "{name:width$}  {:9}  {:8}  {}",
            record.role,
            clean(&record.id),
            clean(&record.created)
        )?;
    }
    Ok(())
}

fn revoke(directory: &Path, wanted: &str) -> Result<(), Failure> {
    let file = TokenFile::in_directory(directory);
    let revoked = file.revoke(wanted).map_err(Failure::failed)?;
    let left = file.read().map_err(Failure::failed)?.map_or(0, |records| records.len());
    say(&format!("{} is revoked; it is refused from now on. {left} left.", clean(&revoked.name)));
    if left == 0 {
        say(&format!(
            "Nobody can use the API until you make a token. To open it to everybody on this machine again, stop \
             the sensor and remove {}.",
            file.path().display()
        ));
    }
    Ok(())
}

/// What is no data.
fn say(text: &str) {
    // If nobody listens there is nobody to tell.
    let _ = writeln!(std::io::stderr(), "{text}");
}
