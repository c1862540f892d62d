//! Tolerant search of names: without accents, case, punctuation and legal suffixes; and the patterns by which QuickBooks' queries
//! find candidates for it.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// A text for `LIKE` in a query of QuickBooks, with `%` for anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern(pub String);

impl Pattern {
    /// Most rows worth reading: a loose pattern finds much that is then left out here.
    pub fn most(&self) -> usize {
        if self.0.matches('%').count() > 2 { 200 } else { 30 }
    }
}

/// Words at the end of a company's name that say its legal form.
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

/// Lower case, without accents; everything but letters and digits is one space.
pub fn fold(text: &str) -> String {
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

/// A name folded and without its legal form: `Müller & Söhne GmbH` is `muller sohne`. A name that is nothing else stays.
pub fn core(name: &str) -> String {
    let mut core = fold(name);
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

/// Whether a name holds what was typed, tolerantly; every word of it, in any order.
pub fn holds(name: &str, typed: &str) -> bool {
    let name = fold(name);
    let typed = core(typed);
    !typed.is_empty() && (name.contains(&typed) || typed.split(' ').all(|word| name.contains(word)))
}

/// The patterns that find candidates for [`holds`] with queries that may or may not distinguish accents: the text as typed, its
/// longest word, and that word's letters that bear no accents, where there are enough of them.
pub fn patterns(typed: &str) -> Vec<Pattern> {
    let typed = typed.trim().replace('%', " ");
    if typed.is_empty() {
        return Vec::new();
    }
    let mut patterns = vec![format!("%{typed}%")];
    let core = core(&typed);
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
    let mut unique: Vec<Pattern> = Vec::new();
    for pattern in patterns {
        if !unique.iter().any(|known| known.0.eq_ignore_ascii_case(&pattern)) {
            unique.push(Pattern(pattern));
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

    fn like(text: &str, pattern: &str) -> bool {
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

    fn check_found(typed: &str, name: &str) {
        assert!(holds(name, typed), "{typed} in {name}");
        assert!(patterns(typed).iter().any(|pattern| like(name, &pattern.0)), "{typed}: {:?}", patterns(typed));
    }

    #[test]
    fn names_are_found_without_accents_and_legal_forms() {
        check_found("Acme", "Acme Ltda");
        check_found("Acme Ltda.", "ACME");
        check_found("Muller", "Müller");
        check_found("Müller", "Muller");
        check_found("cafe do porto", "Café do Porto Torrefação Ltda.");
        check_found("torrefacao porto", "Café do Porto Torrefação Ltda.");
        check_found("Conceição S/A", "Conceicao SA");
        check_found("O'Brien", "OBrien Family Dentistry");
        assert!(!holds("Acme", "Beta"));
        assert!(!holds("Acme", ""));
        assert_eq!(core("Padaria Três Irmãos Ltda ME"), "padaria tres irmaos");
        assert_eq!(core("SA"), "sa");
        assert_eq!(
            fold("Straße, Æther & Œuvre; Ørsted – Łódź Đakovo Ísafjörður Iğdır"),
            "strasse aether oeuvre orsted lodz dakovo isafjordur igdir"
        );
        assert_eq!(fold("O'Brien, L’Or d'Or"), "obrien lor dor");
    }

    #[test]
    fn of_a_loose_pattern_more_rows_are_read() {
        let most = |pattern: &str| Pattern(pattern.to_owned()).most();
        assert_eq!(most("%acme%"), 30);
        assert_eq!(most("%torrefacao%porto%"), 200);
        assert_eq!(most("%m%ll%r%"), 200);
    }

    proptest! {
        #[test]
        fn any_text_is_searched(text in "\\PC*") {
            let _ = (patterns(&text), holds(&text, &text));
        }
    }
}
