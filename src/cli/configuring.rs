//! The sensor's configuration as the command line knows it: flags made from the table of options, the
//! file, the check of `-T`, and the reload.

use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::anyhow;
use clap::{Arg, ArgAction, ArgMatches, Command, FromArgMatches};

use super::failure::{DONE, Failure};
use super::output;
use crate::capture;
use crate::config::sensor::{
    Applies, Configuration, Entry, FILE, Given, Mistake, Mistakes, OPTIONS, Origin, Sources,
};
use crate::config::{Sensor, Site};

/// The flags of every option, and where the file is. To be flattened into a command's arguments.
#[derive(Clone, Debug)]
pub struct ConfigurationArguments {
    /// The file, if one was named.
    pub file: Option<PathBuf>,
    /// Only check, and exit.
    pub check: bool,
    flags: Vec<(&'static str, Given)>,
}

impl clap::Args for ConfigurationArguments {
    fn augment_args(command: Command) -> Command {
        let file = Arg::new("config")
            .long("config")
            .value_name("FILE")
            .env("TAPMAP_CONFIG")
            .hide_env_values(true)
            .value_parser(clap::value_parser!(PathBuf))
            .help(format!(
                "The file of options (see `tapmap explain config`) [default: {FILE} if it exists]"
            ));
        let check = Arg::new("check")
            .short('T')
            .long("check")
            .action(ArgAction::SetTrue)
            .help("Check file, environment and flags, and what they name, and exit");
        OPTIONS.iter().fold(command.arg(file).arg(check), |command, entry| command.arg(flag(entry)))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

/// The flag of an option. What it says is read with the file and the environment, not here.
fn flag(entry: &Entry) -> Arg {
    let default = match entry.default {
        "" => String::new(),
        default => format!(" [default: {default}]"),
    };
    let within = match entry.within {
        "" => String::new(),
        within => format!(" ({within})"),
    };
    let about = entry.about.trim_end_matches('.');
    let flag = Arg::new(entry.name)
        .long(entry.flag())
        .help_heading(entry.section)
        .help(format!("{about}{within}{default}"));
    let flag = match entry.short {
        Some(letter) => flag.short(letter),
        None => flag,
    };
    let flag = match entry.alias {
        Some(alias) => flag.visible_alias(alias),
        None => flag,
    };
    let action = if entry.is_list { ArgAction::Append } else { ArgAction::Set };
    match entry.is_switch {
        true => {
            flag.num_args(0..=1).require_equals(true).default_missing_value("true").value_name(entry.word)
        }
        false => flag.action(action).value_name(entry.word),
    }
}

impl FromArgMatches for ConfigurationArguments {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let given = |entry: &Entry| {
            let texts: Vec<String> = matches.get_many(entry.name)?.cloned().collect();
            let list = |text: &String| text.split(',').map(|word| word.trim().to_owned()).collect::<Vec<_>>();
            Some(match texts.as_slice() {
                [text] => Given::One(text.clone()),
                texts => Given::Many(texts.iter().flat_map(list).collect()),
            })
        };
        Ok(ConfigurationArguments {
            file: matches.get_one("config").cloned(),
            check: matches.get_flag("check"),
            flags: OPTIONS.iter().filter_map(|entry| Some((entry.name, given(entry)?))).collect(),
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl ConfigurationArguments {
    /// Reads file, environment and flags.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn configuration(&self) -> Result<Configuration, Failure> {
        self.gather(std::env::vars_os())?.map_err(Failure::usage)
    }

    /// `-T`: checks everything, also what the options name, and tells what was decided.
    ///
    /// # Errors
    /// If anything is wrong. All of it is told, a line each.
    pub fn check(&self) -> Result<ExitCode, Failure> {
        let found = self.gather(std::env::vars_os())?.and_then(|configuration| {
            let flaws = flaws(&configuration.sensor);
            if flaws.is_empty() { Ok(configuration) } else { Err(Mistakes(flaws)) }
        });
        match found {
            Ok(configuration) => {
                output::write(|out| out.write_all(told(&configuration).as_bytes()))?;
                Ok(ExitCode::from(DONE))
            }
            Err(Mistakes(mistakes)) => {
                let (last, others) =
                    mistakes.split_last().ok_or_else(|| Failure::failed(anyhow!("nothing")))?;
                for mistake in others {
                    output::complain(&mistake.to_string());
                }
                Err(Failure::usage(anyhow!("{last}")))
            }
        }
    }

    /// Reads all again while the sensor runs, and logs what that changes. None: there was a mistake,
    /// and all stays as it is. Otherwise what is in force from now on: what can change did, what
    /// needs a restart is as it was.
    pub fn reload(&self, running: &Configuration) -> Option<Configuration> {
        let gathered = match self.gather(std::env::vars_os()) {
            Ok(gathered) => gathered,
            Err(failure) => {
                tracing::error!("nothing was reloaded: {failure}");
                return None;
            }
        };
        let checked = gathered.and_then(|new| {
            let flaws = flaws(&new.sensor);
            if flaws.is_empty() { Ok(new) } else { Err(Mistakes(flaws)) }
        });
        match checked {
            Ok(new) => {
                tell_changes(running, &new);
                Some(running.reloaded(&new))
            }
            Err(Mistakes(mistakes)) => {
                for mistake in mistakes {
                    tracing::error!("nothing was reloaded: {mistake}");
                }
                None
            }
        }
    }

    fn gather(
        &self,
        environment: impl Iterator<Item = (OsString, OsString)>,
    ) -> Result<Result<Configuration, Mistakes>, Failure> {
        let file = match &self.file {
            Some(path) => Some((path.clone(), text_of(path)?)),
            None => match std::fs::exists(FILE) {
                Ok(true) => Some((FILE.into(), text_of(Path::new(FILE))?)),
                _ => None,
            },
        };
        let text = |text: OsString| text.to_string_lossy().into_owned();
        Ok(Configuration::gather(&Sources {
            file,
            environment: environment.map(|(name, value)| (text(name), text(value))).collect(),
            flags: self.flags.clone(),
        }))
    }
}

fn text_of(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|why| {
        let name = path.display();
        Failure::usage(match why.kind() {
            ErrorKind::NotFound => {
                anyhow!("configuration `{name}` does not exist; `tapmap explain config` shows an example")
            }
            ErrorKind::InvalidData => anyhow!("configuration `{name}` is no text in UTF-8"),
            _ => anyhow!("configuration `{name}` cannot be read: {why}"),
        })
    })
}

fn tell_changes(running: &Configuration, new: &Configuration) {
    let changes = running.changes(new);
    if changes.is_empty() {
        tracing::info!("configuration read again: nothing changed");
    }
    for change in changes {
        let (before, after) = (&change.before, &change.after);
        match change.applies {
            Applies::Reload => tracing::info!("`{}` is now {after}; it was {before}", change.name),
            Applies::Restart => {
                tracing::warn!("`{}` stays {before} until a restart makes it {after}", change.name);
            }
        }
    }
}

/// What is wrong with the things that options name.
fn flaws(sensor: &Sensor) -> Vec<Mistake> {
    let mut found = Vec::new();
    let mut say = |name: &str, message: String| {
        found.push(Mistake { place: None, message: format!("`{name}`: {message}") });
    };
    if sensor.interfaces.is_empty() && sensor.watch.is_none() && !sensor.stdin {
        say(
            "interfaces",
            "nothing to listen to; name an interface (-i eth1), or set `watch` or `stdin`".to_owned(),
        );
    }
    for interface in &sensor.interfaces {
        if nix::net::if_::if_nametoindex(interface.as_str()).is_err() {
            say("interfaces", format!("there is no interface `{interface}`; {}", present()));
        }
    }
    if let Some(filter) = &sensor.filter
        && let Err(error) = capture::check_filter(filter)
    {
        say("filter", error.to_string());
    }
    if let Some(site) = &sensor.site
        && let Err(error) = Site::read(site)
    {
        say("site", error.to_string());
    }
    for (name, path) in [("tls_certificate", &sensor.tls_certificate), ("tls_key", &sensor.tls_key)] {
        if let Some(path) = path
            && let Err(error) = std::fs::File::open(path)
        {
            say(name, format!("`{}` cannot be read: {error}", path.display()));
        }
    }
    if let Some(directory) = &sensor.watch
        && !directory.is_dir()
    {
        say("watch", format!("`{}` is no directory", directory.display()));
    }
    if let Some(directory) = &sensor.data_dir
        && directory.exists()
        && !directory.is_dir()
    {
        say("data_dir", format!("`{}` is no directory", directory.display()));
    }
    if let Some(user) = &sensor.user
        && !matches!(nix::unistd::User::from_name(user), Ok(Some(_)))
    {
        say("user", format!("there is no user `{user}` on this machine"));
    }
    if let Some(group) = &sensor.group
        && !matches!(nix::unistd::Group::from_name(group), Ok(Some(_)))
    {
        say("group", format!("there is no group `{group}` on this machine"));
    }
    found
}

/// The interfaces that there are.
fn present() -> String {
    let names = nix::net::if_::if_nameindex().map(|all| {
        all.iter().map(|one| format!("`{}`", one.name().to_string_lossy())).collect::<Vec<_>>().join(", ")
    });
    format!("have {}", names.unwrap_or_else(|_| "none that can be listed".to_owned()))
}

/// What was decided, as one would write it in a file, with where it comes from.
fn told(configuration: &Configuration) -> String {
    let said = OPTIONS.iter().filter_map(|entry| {
        let place = match configuration.origins.get(entry.name)? {
            Origin::File(line) => format!("line {line} of the file"),
            Origin::Environment => entry.variable(),
            Origin::Flag => format!("--{}", entry.flag()),
        };
        let value = (entry.write)(&configuration.sensor).unwrap_or_else(|| "\"\"".to_owned());
        Some(format!("{} = {value}  # {place}\n", entry.name))
    });
    let lines: Vec<String> = said.collect();
    match lines.len() {
        0 => "The configuration is good: every option has its default.\n".to_owned(),
        1 => format!("The configuration is good: one option is set.\n{}", lines.concat()),
        set => format!("The configuration is good: {set} options are set.\n{}", lines.concat()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str]) -> Result<ConfigurationArguments, clap::Error> {
        let command = <ConfigurationArguments as clap::Args>::augment_args(Command::new("sensor"));
        let matches = command.try_get_matches_from([&["sensor"], words].concat())?;
        ConfigurationArguments::from_arg_matches(&matches)
    }

    fn gather(words: &[&str], file: &str) -> Result<Configuration, Mistakes> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tapmap.toml");
        std::fs::write(&path, file).unwrap();
        let mut arguments = parse(words).unwrap();
        arguments.file = Some(path);
        arguments.gather(std::iter::empty()).unwrap()
    }

    #[test]
    fn every_option_is_a_flag_as_clap_wants_it() {
        let command = <ConfigurationArguments as clap::Args>::augment_args(Command::new("sensor"));
        command.debug_assert();
    }

    #[test]
    fn flags_are_read_like_the_file() {
        let words = [
            "-i",
            "eth1,eth2",
            "--interface",
            "eth3",
            "-m",
            "10.0.0.0/8",
            "--promiscuous=false",
            "--stdin=false",
        ];
        let configuration = gather(&words, "buffer = \"8 MiB\"\nsnaplen = 512\n").unwrap();
        let sensor = &configuration.sensor;
        assert_eq!(sensor.interfaces, ["eth1", "eth2", "eth3"]);
        assert!(!sensor.promiscuous && sensor.snaplen == 512);
        assert_eq!(sensor.local_networks.len(), 1);
        assert!(gather(&["--stdin"], "").unwrap().sensor.stdin, "a switch needs no value");
        let told = told(&configuration);
        assert!(told.starts_with("The configuration is good: 6 options are set.\n"), "{told}");
        assert!(told.contains("\nbuffer = \"8 MiB\"  # line 1 of the file\n"), "{told}");
        assert!(told.contains("\npromiscuous = false  # --promiscuous\n"), "{told}");
    }

    #[test]
    fn what_options_name_is_looked_at() {
        let file = "interfaces = [\"lo\", \"eth99\"]\nfilter = \"port\"\nsite = \"/nonexistent/site.toml\"\nuser = \"nobody-of-that-name\"\n\
                    watch = \"/nonexistent\"\ntls_key = \"/nonexistent/k\"\ntls_certificate = \"/nonexistent/c\"\n";
        let flaws = flaws(&gather(&[], file).unwrap().sensor);
        let told: Vec<String> = flaws.iter().map(ToString::to_string).collect();
        assert_eq!(told.len(), 7, "{told:#?}");
        assert!(told[0].starts_with("`interfaces`: there is no interface `eth99`; have `lo`"), "{}", told[0]);
        assert_eq!(told[6], "`user`: there is no user `nobody-of-that-name` on this machine");
        let told = super::flaws(&Sensor::default());
        assert!(told.len() == 1 && told[0].message.contains("nothing to listen to"), "{told:?}");
        assert!(super::flaws(&Sensor { stdin: true, ..Sensor::default() }).is_empty());
    }

    #[test]
    fn a_reload_with_a_mistake_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tapmap.toml");
        let mut arguments = parse(&[]).unwrap();
        arguments.file = Some(path.clone());
        std::fs::write(&path, "stdin = true\nlog_level = \"warn\"\n").unwrap();
        let running = arguments.configuration().unwrap();
        std::fs::write(&path, "stdin = true\nlog_level = \"loud\"\n").unwrap();
        assert_eq!(arguments.reload(&running), None);
        std::fs::remove_file(&path).unwrap();
        assert_eq!(arguments.reload(&running), None);
        std::fs::write(&path, "stdin = true\nlog_level = \"debug\"\ntick = \"1 s\"\n").unwrap();
        let now = arguments.reload(&running).unwrap();
        assert_eq!(now.sensor.log_level, crate::config::sensor::LogLevel::Debug);
        assert_eq!(now.sensor.tick, running.sensor.tick, "that needs a restart");
    }
}
