//! The words of pages in the language of their reader.
//!
//! The source says everything in English. `words/LANGUAGE.po` has the same in another language, in the form of GNU gettext, which
//! translators and their tools know; `words/pages.pot` lists all there is to say. What answers a page runs within [`Language::read_by`];
//! everything else, such as the API, the command line and what is stored, is English.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::{self, Display, Formatter};
use std::sync::LazyLock;

/// A language of pages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Language {
    /// The language of the source.
    #[default]
    English,
    /// Italian.
    Italian,
}

/// The texts of Italian by the English ones.
static ITALIAN: LazyLock<HashMap<String, String>> = LazyLock::new(|| read_catalogue(include_str!("../words/it.po")));

tokio::task_local! {
    /// The language of whoever reads what is being made.
    static READER: Language;
}

impl Language {
    /// Every language.
    pub const ALL: [Self; 2] = [Self::English, Self::Italian];

    /// The language of whoever reads what is being made here; English if nobody said otherwise.
    #[must_use]
    pub fn of_reader() -> Self {
        READER.try_with(|language| *language).unwrap_or_default()
    }

    /// The first language of a header `Accept-Language` (RFC 9110, 12.5.4) that there is; English without one.
    #[must_use]
    pub fn negotiated(header: &str) -> Self {
        let wanted = accept_language::parse_with_quality(header);
        // a quality of 0 says that a language is not wanted
        let wanted = wanted.iter().filter(|(_, quality)| *quality > 0.0);
        let mut primary = wanted.map(|(tag, _)| tag.split('-').next().unwrap_or_default().to_lowercase());
        primary.find_map(|tag| Self::ALL.into_iter().find(|one| one.code() == tag)).unwrap_or_default()
    }

    /// Its code (BCP 47), such as `it`.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Italian => "it",
        }
    }

    /// The sign between thousands, and before decimals.
    #[must_use]
    pub fn number_signs(self) -> (char, char) {
        match self {
            Self::English => (',', '.'),
            Self::Italian => ('.', ','),
        }
    }

    /// Answers in this language.
    pub async fn read_by<F: Future>(self, answer: F) -> F::Output {
        READER.scope(self, answer).await
    }

    /// Does `work` in this language, on the calling thread.
    pub fn write<T>(self, work: impl FnOnce() -> T) -> T {
        READER.sync_scope(self, work)
    }

    /// What `english` is in this language, if it has been translated.
    fn find(self, english: &str) -> Option<&'static str> {
        match self {
            Self::English => None,
            Self::Italian => ITALIAN.get(english).map(String::as_str),
        }
    }
}

/// What is said, with a value in the place of each `{}`; a translation may have them in another order, as `{1}`, `{2}`.
#[derive(Debug, Clone)]
pub struct Sentence {
    pattern: Cow<'static, str>,
    values: Vec<String>,
}

/// What `english` is in the language of the reader.
#[must_use]
pub fn translate(english: &str) -> Sentence {
    let found = Language::of_reader().find(english);
    let pattern = found.map_or_else(|| Cow::Owned(english.to_owned()), Cow::Borrowed);
    Sentence { pattern, values: Vec::new() }
}

impl Sentence {
    /// Adds the next value.
    #[must_use]
    pub fn with(mut self, value: impl Display) -> Self {
        self.values.push(value.to_string());
        self
    }
}

impl Display for Sentence {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let mut rest = &*self.pattern;
        let mut next = 0;
        while let Some(start) = rest.find('{') {
            let Some(end) = rest[start..].find('}').map(|end| start + end) else { break };
            formatter.write_str(&rest[..start])?;
            let place = match rest[start + 1..end].parse::<usize>() {
                Ok(number) => number.saturating_sub(1),
                Err(_) => next,
            };
            next += 1;
            formatter.write_str(self.values.get(place).map_or("", String::as_str))?;
            rest = &rest[end + 1..];
        }
        formatter.write_str(rest)
    }
}

/// Marks a text that is translated where it is shown, so that it is found.
#[must_use]
pub const fn marked(english: &'static str) -> &'static str {
    english
}

/// `say!("Model {} is better.", id)`: a text in the language of the reader.
macro_rules! say {
    ($english:literal $(, $value:expr)* $(,)?) => {
        $crate::words::translate($english)$(.with(&$value))*.to_string()
    };
}
pub(crate) use say;

/// The texts in a `.po` file by the English ones.
///
/// # Panics
/// If it is no such file: it is part of the program.
fn read_catalogue(content: &str) -> HashMap<String, String> {
    let catalogue = polib::po_file::parse_from_reader(content.as_bytes()).expect("a file of GNU gettext");
    let texts = catalogue.messages().filter(|message| message.is_translated());
    texts.filter_map(|message| Some((message.msgid().to_owned(), message.msgstr().ok()?.to_owned()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stand_in_their_places() {
        assert_eq!(say!("Model {} of {}", 3, "xgboost"), "Model 3 of xgboost");
        let turned =
            Sentence { pattern: Cow::Borrowed("{2} von {1}."), values: vec!["a".to_owned(), "b {}".to_owned()] };
        assert_eq!(turned.to_string(), "b {} von a.");
        assert_eq!(say!("nothing { to fill"), "nothing { to fill");
    }

    #[test]
    fn the_language_of_the_reader_is_the_first_that_there_is() {
        for italian in ["it-IT,it;q=0.9,en;q=0.8", "de,IT;q=0.5,en;q=0.3"] {
            assert_eq!(Language::negotiated(italian), Language::Italian, "{italian}");
        }
        for english in ["en-GB,it;q=0.5", "de", "", "*;q=x,,", "it;q=0", "de,it;q=0,en;q=0.1"] {
            assert_eq!(Language::negotiated(english), Language::English, "{english}");
        }
        assert_eq!(Language::of_reader(), Language::English);
        assert_eq!(Language::Italian.write(Language::of_reader), Language::Italian);
    }
}
