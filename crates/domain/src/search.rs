//! Tolerant search of names. It ignores accents, case, punctuation and legal forms. The module also builds the `LIKE`
//! patterns by which QuickBooks' queries find candidates.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// A `LIKE` pattern for a QuickBooks query, where `%` matches any text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LikePattern(pub String);

impl LikePattern {
    /// Upper bound for the rows that a query with this pattern returns. A loose pattern finds many rows that
    /// [`contains_name`] then rejects, so it gets 200 instead of 30.
    pub fn max_rows(&self) -> usize {
        if self.0.matches('%').count() > 2 { 200 } else { 30 }
    }
}

/// Legal forms at the end of company names, as [`fold_text`] writes them.
const LEGAL_FORMS: [&str; 37] = [
    "ltda",
    "me",
    "epp",
    "mei",
    "eireli",
    "sa",
    "s a",
    "inc",
    "llc",
    "llp",
    "lp",
    "ltd",
    "limited",
    "corp",
    "corporation",
    "co",
    "company",
    "plc",
    "pty",
    "gmbh",
    "ag",
    "kg",
    "sl",
    "s l",
    "slu",
    "srl",
    "sas",
    "sasu",
    "sarl",
    "eurl",
    "cv",
    "c v",
    "sapi de",
    "s de r l de",
    "s de rl de",
    "lda",
    "unipessoal",
];

/// Converts a text to lower case without accents. Each run of characters other than letters and digits becomes one
/// space; apostrophes are dropped.
pub fn fold_text(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for c in text.nfkd().flat_map(char::to_lowercase) {
        match c {
            'ß' => folded.push_str("ss"),
            'æ' => folded.push_str("ae"),
            'œ' => folded.push_str("oe"),
            'ø' => folded.push('o'),
            'ł' => folded.push('l'),
            'đ' | 'ð' => folded.push('d'),
            'ı' => folded.push('i'),
            c if c.is_alphanumeric() => folded.push(c),
            c if is_combining_mark(c) || c == '\'' || c == '’' => {}
            _ => folded.push(' '),
        }
    }
    folded.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Folds a name and removes its legal form: `Müller & Söhne GmbH` becomes `muller sohne`. A name that consists of a
/// legal form alone is kept.
pub fn strip_legal_form(name: &str) -> String {
    let mut core = fold_text(name);
    loop {
        let shorter = LEGAL_FORMS.iter().find_map(|form| {
            let rest = core.strip_suffix(form)?.strip_suffix(' ')?;
            (!rest.is_empty()).then(|| rest.to_owned())
        });
        match shorter {
            Some(rest) => core = rest,
            None => return core,
        }
    }
}

/// Whether a name contains the typed text, or every word of it in any order. Both sides are folded.
pub fn contains_name(name: &str, typed: &str) -> bool {
    let name = fold_text(name);
    let typed = strip_legal_form(typed);
    !typed.is_empty() && (name.contains(&typed) || typed.split(' ').all(|word| name.contains(word)))
}

/// Builds the patterns that find candidates for [`contains_name`]. QuickBooks' queries may or may not distinguish
/// accents, so the patterns are: the text as typed, its words in order, its longest word, and the letters of that word
/// that never bear an accent, if there are at least two.
pub fn build_patterns(typed: &str) -> Vec<LikePattern> {
    let typed = typed.trim().replace('%', " ");
    if typed.is_empty() {
        return Vec::new();
    }
    let mut patterns = vec![format!("%{typed}%")];
    let core = strip_legal_form(&typed);
    if !core.is_empty() {
        patterns.push(format!("%{}%", core.replace(' ', "%")));
        let longest = core.split(' ').max_by_key(|word| word.chars().count()).unwrap_or_default();
        patterns.push(format!("%{longest}%"));
        let bare: String = longest.chars().map(|c| if may_bear_an_accent(c) { '%' } else { c }).collect();
        let runs: Vec<&str> = bare.split('%').filter(|run| !run.is_empty()).collect();
        if runs.iter().map(|run| run.chars().count()).sum::<usize>() >= 2 {
            patterns.push(format!("%{}%", runs.join("%")));
        }
    }
    let mut unique: Vec<LikePattern> = Vec::new();
    for pattern in patterns {
        if !unique.iter().any(|existing| existing.0.eq_ignore_ascii_case(&pattern)) {
            unique.push(LikePattern(pattern));
        }
    }
    unique
}

fn may_bear_an_accent(c: char) -> bool {
    matches!(c, 'a' | 'e' | 'i' | 'o' | 'u' | 'y' | 'c' | 'n' | 's' | 'z') || !c.is_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn matches_like(text: &str, pattern: &str) -> bool {
        let text = text.to_lowercase();
        let mut rest = text.as_str();
        pattern.to_lowercase().split('%').filter(|run| !run.is_empty()).all(|run| match rest.find(run) {
            Some(at) => {
                rest = &rest[at + run.len()..];
                true
            }
            None => false,
        })
    }

    fn check_match(typed: &str, name: &str) {
        assert!(contains_name(name, typed), "{typed} in {name}");
        assert!(
            build_patterns(typed).iter().any(|pattern| matches_like(name, &pattern.0)),
            "{typed}: {:?}",
            build_patterns(typed)
        );
    }

    #[test]
    fn finds_names_without_accents_and_legal_forms() {
        check_match("Acme", "Acme Ltda");
        check_match("Acme Ltda.", "ACME");
        check_match("Muller", "Müller");
        check_match("Müller", "Muller");
        check_match("cafe do porto", "Café do Porto Torrefação Ltda.");
        check_match("torrefacao porto", "Café do Porto Torrefação Ltda.");
        check_match("Conceição S/A", "Conceicao SA");
        check_match("O'Brien", "OBrien Family Dentistry");
        assert!(!contains_name("Acme", "Beta"));
        assert!(!contains_name("Acme", ""));
        assert_eq!(strip_legal_form("Padaria Três Irmãos Ltda ME"), "padaria tres irmaos");
        assert_eq!(strip_legal_form("SA"), "sa");
        assert_eq!(
            fold_text("Straße, Æther & Œuvre; Ørsted – Łódź Đakovo Ísafjörður Iğdır"),
            "strasse aether oeuvre orsted lodz dakovo isafjordur igdir"
        );
        assert_eq!(fold_text("O'Brien, L’Or d'Or"), "obrien lor dor");
    }

    #[test]
    fn reads_more_rows_for_a_loose_pattern() {
        let max_rows = |pattern: &str| LikePattern(pattern.to_owned()).max_rows();
        assert_eq!(max_rows("%acme%"), 30);
        assert_eq!(max_rows("%torrefacao%porto%"), 200);
        assert_eq!(max_rows("%m%ll%r%"), 200);
    }

    proptest! {
        #[test]
        fn searches_any_text(text in "\\PC*") {
            let _ = (build_patterns(&text), contains_name(&text, &text));
        }
    }
}
