//! Whether a stone lies inside of what was sold: outside, a model guesses.

use super::SimilarIndex;
use crate::diamond::{Field, Grade, Stone, number_fields};
use crate::text::{in_figures_of_reader, plain};
use crate::words::say;

/// Why a price of `stone` is not reliable, each a sentence; nothing if it is.
pub(super) fn doubts(stone: &Stone, similar: &SimilarIndex) -> Vec<String> {
    if similar.count() == 0 {
        return vec![say!("no sale is known any more that the model learnt from")];
    }
    let stone = stone.settled();
    let values = stone.values();
    let mut doubts = Vec::new();
    for (place, field) in number_fields() {
        let (least, most) = similar.feature_ranges().bounds[place];
        // a measure that no sale tells has no bounds
        let is_outside = |value: &f64| least <= most && (*value < least || *value > most);
        let Some(value) = values[place].filter(is_outside) else { continue };
        doubts.push(say!(
            "{} {} is outside of what was sold here, {} to {}",
            name_of(field),
            in_figures_of_reader(&field.write(value)),
            plain(least),
            in_figures_of_reader(&field.write(most))
        ));
    }
    let known = similar.grades();
    doubts.extend(never_sold(&known.cuts, stone.cut, &say!("cut")));
    doubts.extend(never_sold(&known.colors, stone.color, &say!("colour")));
    doubts.extend(never_sold(&known.clarities, stone.clarity, &say!("clarity")));
    doubts
}

/// What a field is called in a sentence.
fn name_of(field: &Field) -> String {
    match field.name {
        "carat" => say!("a weight of"),
        "x" => say!("a length of"),
        "y" => say!("a width of"),
        "z" => say!("a height of"),
        "depth" => say!("a depth of"),
        "table" => say!("a table of"),
        other => other.to_owned(),
    }
}

fn never_sold<G: Grade>(known: &[G], grade: G, scale: &str) -> Option<String> {
    (!known.contains(&grade)).then(|| say!("no stone of {} {} was sold here", scale, grade.name()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diamond::{Clarity, Sale};
    use crate::generator::Generator;

    #[test]
    fn what_lies_outside_of_the_sales_is_said_and_what_was_not_told_is_not() {
        let sales: Vec<Sale> = Generator::new(5).take(5_000).filter(|sale| sale.stone.clarity != Clarity::IF).collect();
        let index = SimilarIndex::new(&sales);
        assert_eq!(doubts(&sales[0].stone, &index), Vec::<String>::new());
        let giant = Stone { weight_carat: 1_000.0, ..sales[0].stone };
        let said = doubts(&giant.with_four_cs_only(), &index);
        assert!(
            said.len() == 1 && said[0].starts_with("a weight of 1000 ct is outside of what was sold here"),
            "{said:?}"
        );
        let deep = Stone { depth_percent: 90.0, ..sales[0].stone }.without_sizes();
        assert!(doubts(&deep, &index)[0].starts_with("a depth of 90 % is outside"));
        let flawless = Stone { clarity: Clarity::IF, ..sales[0].stone };
        assert_eq!(doubts(&flawless, &index), ["no stone of clarity IF was sold here"]);
        assert_eq!(doubts(&sales[0].stone, &SimilarIndex::new(&[])).len(), 1);
    }
}
