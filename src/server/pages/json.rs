//! JSON, indented for reading.

use serde::de::IgnoredAny;

/// How much longer `text` may become: deeply nested JSON has indents far longer than its content.
const MAX_INDENTED_BYTES: usize = 4 * 1024 * 1024;

/// `text` with a line for each member and indents of two spaces, if it is JSON and does not become too long. Nothing else
/// changes: numbers keep their digits, and duplicate names stay.
pub fn indent(text: &str) -> Option<String> {
    serde_json::from_str::<IgnoredAny>(text).ok()?;
    let mut indented = String::with_capacity(text.len() * 2);
    let mut depth = 0;
    let (mut in_string, mut is_escaped) = (false, false);
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        if in_string {
            indented.push(character);
            in_string = is_escaped || character != '"';
            is_escaped = !is_escaped && character == '\\';
            continue;
        }
        match character {
            ' ' | '\t' | '\n' | '\r' => {}
            '{' | '[' => {
                indented.push(character);
                while characters.next_if(char::is_ascii_whitespace).is_some() {}
                if let Some(end) = characters.next_if(|next| matches!(next, '}' | ']')) {
                    indented.push(end);
                } else {
                    depth += 1;
                    break_line(&mut indented, depth);
                }
            }
            '}' | ']' => {
                depth -= 1;
                break_line(&mut indented, depth);
                indented.push(character);
            }
            ',' => {
                indented.push(',');
                break_line(&mut indented, depth);
            }
            ':' => indented.push_str(": "),
            _ => {
                in_string = character == '"';
                indented.push(character);
            }
        }
        if indented.len() > MAX_INDENTED_BYTES {
            return None;
        }
    }
    Some(indented)
}

fn break_line(text: &mut String, depth: usize) {
    text.push('\n');
    text.extend(std::iter::repeat_n("  ", depth));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_indented_and_otherwise_left_alone() {
        let text = r#"{"a":[1.10,{"b":"x,{\"}\\"}],"a":[ ],"c":{}}"#;
        let expected =
            "{\n  \"a\": [\n    1.10,\n    {\n      \"b\": \"x,{\\\"}\\\\\"\n    }\n  ],\n  \"a\": [],\n  \"c\": {}\n}";
        assert_eq!(indent(text).as_deref(), Some(expected));
        assert_eq!(indent(expected).as_deref(), Some(expected), "what is indented stays as it is");
    }

    #[test]
    fn what_is_no_json_or_would_grow_too_long_is_not_indented() {
        assert_eq!(indent("carat=1"), None);
        assert_eq!(indent("{\"a\":1}… [cut: 2000000 bytes in all]"), None);
        let deep = format!("{}{}1{}", "[".repeat(100), "1,".repeat(100_000), "]".repeat(100));
        assert_eq!(indent(&deep), None);
    }
}
