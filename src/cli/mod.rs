//! The command line: arguments in, an answer on standard output, talk on standard error.
//!
//! Exit status: 0 done; 1 failed, or never seen; 2 wrong usage; 3 done, and `--fail-on` found something.

mod analyze;
mod args;
mod asking;
mod blast_radius;
mod bundle;
mod clock;
mod completions;
mod configuring;
mod confining;
mod cut;
mod diff;
mod doctor;
mod door;
mod egress;
mod explain;
mod export;
mod failure;
mod isolate;
mod host;
mod interface;
mod knowledge;
mod list;
mod log;
mod output;
mod policy;
mod path;
mod progress;
mod reading;
mod remote;
mod seen;
mod sensor;
mod service;
mod serve;
mod setup;
mod token;
mod sizing;
mod store;
mod stored;
mod trace;
mod uploading;
mod spof;
mod timeline;

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;

use args::{Arguments, Command};
use failure::Failure;

/// Does what the arguments say.
pub fn run() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        // Help and version come this way too.
        Err(error) if !error.use_stderr() => return end(output::write_clap(&error)),
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(2);
        }
    };
    end(obey(arguments.command))
}

fn end(result: Result<ExitCode, Failure>) -> ExitCode {
    match result {
        Ok(status) => status,
        Err(failure) => {
            // If nobody listens there is nobody to tell.
            let _ = writeln!(std::io::stderr(), "tapmap: {failure}");
            failure.status()
        }
    }
}

fn obey(command: Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Analyze(arguments) => analyze::run(&arguments),
        Command::Hosts(arguments) => list::run(crate::report::List::Hosts, &arguments),
        Command::Services(arguments) => list::run(crate::report::List::Services, &arguments),
        Command::Deps(arguments) => list::run(crate::report::List::Dependencies, &arguments),
        Command::Certs(arguments) => list::run(crate::report::List::Certificates, &arguments),
        Command::Findings(arguments) => list::run(crate::report::List::Findings, &arguments),
        Command::BlastRadius(arguments) => blast_radius::run(&arguments),
        Command::Spof(arguments) => spof::run(&arguments),
        Command::Flows(arguments) => list::run(crate::report::List::Flows, &arguments),
        Command::Explain { subject, color } => explain::run(subject.as_deref(), output::paint(color)),
        Command::Trace(arguments) => trace::run(&arguments),
        Command::Path(arguments) => path::run(&arguments),
        Command::Diff(arguments) => diff::run(&arguments),
        Command::Policy(arguments) => policy::run(&arguments),
        Command::Isolate(arguments) => isolate::run(&arguments),
        Command::Cut(arguments) => cut::run(&arguments),
        Command::Host(arguments) => host::run(&arguments),
        Command::Seen(arguments) => seen::run(&arguments),
        Command::Timeline(arguments) => timeline::run(&arguments),
        Command::Egress(arguments) => egress::run(&arguments),
        Command::Export(arguments) => export::run(&arguments),
        Command::Sensor(arguments) => sensor::run(&arguments),
        Command::Token(arguments) => token::run(&arguments),
        Command::Store(arguments) => store::run(&arguments),
        Command::Sizing(arguments) => sizing::run(&arguments),
        Command::Doctor(arguments) => doctor::run(&arguments),
        Command::Serve(arguments) => serve::run(&arguments),
        Command::Completions { shell } => completions::completions(shell),
        Command::Man { command } => completions::man(command.as_deref()),
    }
}
