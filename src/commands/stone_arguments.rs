//! A stone on the command line: one argument for each field.

use clap::{Arg, ArgMatches, Command};

use super::CommandError;
use super::console::Console;
use crate::diamond::{FIELDS, Field, StoneDescription};

/// The values as they were typed, by the names of their fields. With `REQUIRED` the four Cs must be among them.
#[derive(Debug)]
pub struct StoneArguments<const REQUIRED: bool = true> {
    given: Vec<(&'static str, String)>,
}

impl<const REQUIRED: bool> StoneArguments<REQUIRED> {
    /// Whether nothing was typed.
    pub fn is_empty(&self) -> bool {
        self.given.is_empty()
    }

    /// The stone that was described; what was read as another than it was written is told on standard error.
    ///
    /// # Errors
    /// Every bad value at once.
    pub fn read(&self, console: &Console) -> Result<StoneDescription, CommandError> {
        let pairs = self.given.iter().map(|(name, value)| (*name, value.as_str()));
        let read = StoneDescription::read_text(pairs, &[]);
        let (stone, notes) = read.map_err(|errors| CommandError::Stone { errors })?;
        for note in notes {
            console.hint(&note);
        }
        Ok(stone)
    }
}

impl<const REQUIRED: bool> clap::FromArgMatches for StoneArguments<REQUIRED> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let typed = |field: &Field| matches.get_one::<String>(field.name).cloned();
        Ok(Self { given: FIELDS.iter().filter_map(|field| Some((field.name, typed(field)?))).collect() })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl<const REQUIRED: bool> clap::Args for StoneArguments<REQUIRED> {
    fn augment_args(command: Command) -> Command {
        FIELDS.iter().fold(command, |command, field| command.arg(argument_of(field, REQUIRED && field.required)))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

fn argument_of(field: &'static Field, is_required: bool) -> Arg {
    let argument = Arg::new(field.name).long(field.name).required(is_required);
    if field.is_number() {
        let argument = argument
            .value_name(field.unit())
            .allow_negative_numbers(true)
            .help(field.description.trim_end_matches('.'));
        // the axes have one letter, and no other option begins with it
        match field.name.as_bytes() {
            [letter] => argument.short(char::from(*letter)),
            _ => argument,
        }
    } else {
        let names: Vec<&str> = field.grades().iter().map(|grade| grade.name).collect();
        argument.value_name("GRADE").help(format!("From worst to best: {}", names.join(", ")))
    }
}
