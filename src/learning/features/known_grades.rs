//! The grades in the training data.

use serde::{Deserialize, Serialize};

use crate::diamond::{Clarity, Color, Cut, Grade, Stone};

/// The grades that occurred among some stones, worst first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownGrades {
    /// Cuts.
    pub cuts: Vec<Cut>,
    /// Colours.
    pub colors: Vec<Color>,
    /// Clarities.
    pub clarities: Vec<Clarity>,
}

impl KnownGrades {
    /// The grades of `stones`.
    #[must_use]
    pub fn of(stones: &[Stone]) -> Self {
        Self {
            cuts: levels_present(stones, |stone| stone.cut),
            colors: levels_present(stones, |stone| stone.color),
            clarities: levels_present(stones, |stone| stone.clarity),
        }
    }

    /// No grades yet.
    #[must_use]
    pub fn none() -> Self {
        Self { cuts: Vec::new(), colors: Vec::new(), clarities: Vec::new() }
    }

    /// Every grade.
    #[must_use]
    pub fn all() -> Self {
        Self { cuts: Cut::ALL.to_vec(), colors: Color::ALL.to_vec(), clarities: Clarity::ALL.to_vec() }
    }

    /// Adds the grades of `other`.
    pub fn merge(&mut self, other: &Self) {
        other.cuts.iter().for_each(|grade| insert(&mut self.cuts, *grade));
        other.colors.iter().for_each(|grade| insert(&mut self.colors, *grade));
        other.clarities.iter().for_each(|grade| insert(&mut self.clarities, *grade));
    }

    /// Adds the grades of `stones`.
    pub fn add<'a>(&mut self, stones: impl Iterator<Item = &'a Stone>) {
        for stone in stones {
            insert(&mut self.cuts, stone.cut);
            insert(&mut self.colors, stone.color);
            insert(&mut self.clarities, stone.clarity);
        }
    }

    /// Whether one of the scales has none.
    #[must_use]
    pub fn lacks_a_scale(&self) -> bool {
        self.cuts.is_empty() || self.colors.is_empty() || self.clarities.is_empty()
    }

    /// `stone` with each grade replaced by the nearest known one; of two equally near, the worse, which is the more careful
    /// choice.
    #[must_use]
    pub fn nearest(&self, stone: &Stone) -> Stone {
        Stone {
            cut: nearest(&self.cuts, stone.cut),
            color: nearest(&self.colors, stone.color),
            clarity: nearest(&self.clarities, stone.clarity),
            ..*stone
        }
    }
}

/// Adds `grade` to `known`, which is sorted, worst first.
fn insert<G: Grade>(known: &mut Vec<G>, grade: G) {
    if let Err(place) = known.binary_search_by_key(&grade.rank(), |known| known.rank()) {
        known.insert(place, grade);
    }
}

fn nearest<G: Grade>(known: &[G], wanted: G) -> G {
    known.iter().copied().min_by_key(|grade| grade.rank().abs_diff(wanted.rank())).unwrap_or(wanted)
}

/// The grades of one scale that occur among `stones`, worst first.
pub fn levels_present<'a, G: Grade>(stones: impl IntoIterator<Item = &'a Stone>, grade_of: fn(&Stone) -> G) -> Vec<G> {
    let mut present = vec![false; G::ALL.len()];
    for stone in stones {
        present[grade_of(stone).rank()] = true;
    }
    G::ALL.iter().copied().filter(|grade| present[grade.rank()]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worse_of_two_grades_as_near_is_taken() {
        assert_eq!(nearest(&[Clarity::SI1, Clarity::VS1], Clarity::VS2), Clarity::SI1);
        assert_eq!(nearest(&[Clarity::SI1, Clarity::VS1], Clarity::IF), Clarity::VS1);
    }
}
