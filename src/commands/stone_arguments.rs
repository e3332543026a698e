//! A stone on the command line.

use super::CommandError;
use crate::diamond::StoneDescription;

#[derive(Debug, clap::Args)]
pub struct StoneArguments {
    /// Weight in carats
    #[arg(long, value_name = "CT", allow_negative_numbers = true)]
    carat: String,
    /// Fair, Good, Very Good, Premium or Ideal
    #[arg(long, value_name = "GRADE")]
    cut: String,
    /// J (worst) to D (best)
    #[arg(long, value_name = "GRADE")]
    color: String,
    /// I1 (worst), SI2, SI1, VS2, VS1, VVS2, VVS1 or IF (best)
    #[arg(long, value_name = "GRADE")]
    clarity: String,
    /// Total depth in percent
    #[arg(long, value_name = "%", allow_negative_numbers = true)]
    depth: Option<String>,
    /// Width of the table in percent
    #[arg(long, value_name = "%", allow_negative_numbers = true)]
    table: Option<String>,
    /// Length in millimetres
    #[arg(short, long, value_name = "MM", allow_negative_numbers = true)]
    x: Option<String>,
    /// Width in millimetres
    #[arg(short, long, value_name = "MM", allow_negative_numbers = true)]
    y: Option<String>,
    /// Height in millimetres
    #[arg(short, long, value_name = "MM", allow_negative_numbers = true)]
    z: Option<String>,
}

impl StoneArguments {
    /// The stone that was described.
    ///
    /// # Errors
    /// Every bad value at once.
    pub fn read(&self) -> Result<StoneDescription, CommandError> {
        let given = [
            ("carat", Some(&self.carat)),
            ("cut", Some(&self.cut)),
            ("color", Some(&self.color)),
            ("clarity", Some(&self.clarity)),
            ("depth", self.depth.as_ref()),
            ("table", self.table.as_ref()),
            ("x", self.x.as_ref()),
            ("y", self.y.as_ref()),
            ("z", self.z.as_ref()),
        ];
        let pairs = given.iter().filter_map(|(name, value)| value.map(|value| (*name, value.as_str())));
        StoneDescription::from_text(pairs, &[]).map_err(|errors| CommandError::Stone { errors })
    }
}
