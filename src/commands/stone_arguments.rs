//! A stone on the command line: one argument for each field.

use clap::{Arg, ArgMatches, Command};

use super::CommandError;
use crate::diamond::{FIELDS, Field, StoneDescription};

/// The values as they were typed, by the names of their fields.
#[derive(Debug)]
pub struct StoneArguments {
    given: Vec<(&'static str, String)>,
}

impl StoneArguments {
    /// The stone that was described.
    ///
    /// # Errors
    /// Every bad value at once.
    pub fn read(&self) -> Result<StoneDescription, CommandError> {
        let pairs = self.given.iter().map(|(name, value)| (*name, value.as_str()));
        StoneDescription::from_text(pairs, &[]).map_err(|errors| CommandError::Stone { errors })
    }
}

impl clap::FromArgMatches for StoneArguments {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let typed = |field: &Field| matches.get_one::<String>(field.name).cloned();
        Ok(Self { given: FIELDS.iter().filter_map(|field| Some((field.name, typed(field)?))).collect() })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl clap::Args for StoneArguments {
    fn augment_args(command: Command) -> Command {
        FIELDS.iter().fold(command, |command, field| command.arg(argument_of(field)))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

fn argument_of(field: &'static Field) -> Arg {
    let argument = Arg::new(field.name).long(field.name).required(field.required);
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
