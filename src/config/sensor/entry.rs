//! What is known of every option, and how the table becomes the structure it fills.

use super::{Given, Sensor, Setting};

/// When a change takes effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applies {
    /// At a reload (SIGHUP): nothing is interrupted.
    Reload,
    /// When the sensor starts again.
    Restart,
}

/// One option: everything that is said of it anywhere.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// The part of the file it stands in.
    pub section: &'static str,
    /// Its name in the file; flag and environment variable follow from it.
    pub name: &'static str,
    /// The letter of its flag.
    pub short: Option<char>,
    /// Another name of its flag.
    pub alias: Option<&'static str>,
    /// As it would be written in the environment; empty: none.
    pub default: &'static str,
    /// What is shown where there is no default, as it would be written in the environment.
    pub example: &'static str,
    /// The least and the most, with "to" between them; empty: no bounds.
    pub within: &'static str,
    /// When a change takes effect.
    pub applies: Applies,
    /// One sentence or two.
    pub about: &'static str,
    /// What stands for a value in the help of its flag.
    pub word: &'static str,
    /// What may be written.
    pub allowed: &'static str,
    /// Whether it is true or false, so that its flag needs no value.
    pub is_switch: bool,
    /// Whether it may be said several times.
    pub is_list: bool,
    /// Reads what was given into its place.
    pub(super) set: fn(&mut Sensor, &Given) -> Result<(), String>,
    /// Takes the value of another configuration.
    pub(super) copy: fn(&mut Sensor, &Sensor),
    /// As it is written in the file; nothing if there is no value.
    pub write: fn(&Sensor) -> Option<String>,
}

impl Entry {
    /// Its flag, without the dashes.
    pub fn flag(&self) -> String {
        self.name.replace('_', "-")
    }

    /// Its variable in the environment.
    pub fn variable(&self) -> String {
        format!("{}{}", super::PREFIX, self.name.to_uppercase())
    }
}

/// Reads a value and holds it against its bounds.
pub(super) fn bounded<T: Setting>(given: &Given, within: &str) -> Result<T, String> {
    let value = T::read(given)?;
    let Some((least, most)) = within.split_once(" to ") else { return Ok(value) };
    let bound = |text: &str| T::read(&Given::One(text.to_owned())).ok().and_then(|bound| bound.rank());
    match (value.rank(), bound(least), bound(most)) {
        (Some(rank), Some(least), Some(most)) if rank < least || rank > most => {
            let said = value.write().unwrap_or_default();
            Err(format!("`{}` is out of bounds; write {within}", said.trim_matches('"')))
        }
        _ => Ok(value),
    }
}

/// Makes the structure and the table from one list, so that neither can lack what the other has.
macro_rules! options {
    ($(
        [$section:literal]
        $($name:ident: $type:ty {
            default: $default:literal,
            $(example: $example:literal,)?
            $(within: $within:literal,)?
            $(short: $short:literal,)?
            $(alias: $alias:literal,)?
            $(word: $word:literal,)?
            applies: $applies:ident,
            about: $about:literal $(,)?
        })*
    )*) => {
        /// Every option of the sensor, checked.
        #[derive(Clone, Debug, PartialEq)]
        pub struct Sensor {
            $($(#[doc = $about] pub $name: $type,)*)*
        }

        impl Default for Sensor {
            fn default() -> Self {
                Sensor {
                    $($($name: <$type as Setting>::read(&Given::One($default.to_owned())).unwrap_or_default(),)*)*
                }
            }
        }

        /// Every option, in the order of the example.
        pub const OPTIONS: &[Entry] = &[
            $($(Entry {
                section: $section,
                name: stringify!($name),
                short: options!(@optional char $($short)?),
                alias: options!(@optional str $($alias)?),
                default: $default,
                example: options!(@text $($example)?),
                within: options!(@text $($within)?),
                applies: Applies::$applies,
                about: $about,
                word: options!(@word $type $(, $word)?),
                allowed: <$type as Setting>::ALLOWED,
                is_switch: <$type as Setting>::IS_SWITCH,
                is_list: <$type as Setting>::IS_LIST,
                set: |sensor, given| {
                    sensor.$name = bounded(given, options!(@text $($within)?))?;
                    Ok(())
                },
                copy: |to, from| to.$name = from.$name.clone(),
                write: |sensor| Setting::write(&sensor.$name),
            },)*)*
        ];
    };
    (@optional $kind:ident) => { None };
    (@optional $kind:ident $value:literal) => { Some($value) };
    (@word $type:ty) => { <$type as Setting>::WORD };
    (@word $type:ty, $word:literal) => { $word };
    (@text) => { "" };
    (@text $value:literal) => { $value };
}

pub(super) use options;
