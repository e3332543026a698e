//! Templates and the style sheet name the same things.

use std::path::Path;

/// The names of the classes in `class="…"` attributes of `html`, except those that an expression makes.
fn classes(html: &str) -> Vec<String> {
    let attributes = html.split("class=\"").skip(1).filter_map(|rest| rest.split_once('"')).map(|(value, _)| value);
    attributes
        .flat_map(|value| {
            // what an expression or a block makes begins or ends with a brace
            value.split_whitespace().filter(|word| word.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'))
        })
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_class_in_a_template_has_a_style() {
    let templates = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
    let style = std::fs::read_to_string(templates.join("style.css")).expect("the style sheet");
    let mut checked = 0;
    for entry in std::fs::read_dir(&templates).expect("the templates") {
        let path = entry.expect("a file").path();
        if path.extension().is_none_or(|extension| extension != "html") {
            continue;
        }
        for class in classes(&std::fs::read_to_string(&path).expect("a template")) {
            // words of blocks, such as those of a condition
            if matches!(class.as_str(), "if" | "else" | "endif" | "let" | "for" | "in" | "match" | "when") {
                continue;
            }
            let is_styled = style.match_indices(&format!(".{class}")).any(|(place, found)| {
                !style[place + found.len()..].starts_with(|next: char| next.is_ascii_alphanumeric() || next == '-')
            });
            assert!(is_styled, "{}: the class {class} has no style", path.display());
            checked += 1;
        }
    }
    assert!(checked > 100, "{checked} classes");
}
