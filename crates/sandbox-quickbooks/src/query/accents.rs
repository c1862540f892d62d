//! Removal of accents from Latin letters.

/// Letters with marks in lower case, by their base letter.
const MARKED: [(char, &str); 19] = [
    ('a', "àáâãäåāăąǎ"),
    ('c', "çćĉċč"),
    ('d', "ďđ"),
    ('e', "èéêëēĕėęě"),
    ('g', "ĝğġģ"),
    ('h', "ĥħ"),
    ('i', "ìíîïĩīĭįı"),
    ('j', "ĵ"),
    ('k', "ķ"),
    ('l', "ĺļľŀł"),
    ('n', "ñńņňŉ"),
    ('o', "òóôõöøōŏőǒ"),
    ('r', "ŕŗř"),
    ('s', "śŝşšș"),
    ('t', "ţťŧț"),
    ('u', "ùúûüũūŭůűųǔ"),
    ('w', "ŵ"),
    ('y', "ýÿŷ"),
    ('z', "źżž"),
];

/// Removes the accents of a text in lower case: `muller` for `müller`, composed or not.
pub(super) fn remove_accents(text: &str) -> String {
    let letters = text.chars().filter(|letter| !('\u{300}'..='\u{36f}').contains(letter));
    letters
        .map(|letter| {
            if letter.is_ascii() {
                return letter;
            }
            MARKED.iter().find(|(_, marked)| marked.contains(letter)).map_or(letter, |(plain, _)| *plain)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::remove_accents;

    #[test]
    fn accents_are_removed_composed_or_not() {
        assert_eq!(remove_accents("müller"), "muller");
        assert_eq!(remove_accents("mu\u{308}ller"), "muller");
        assert_eq!(remove_accents("łódź são ångström øre"), "lodz sao angstrom ore");
        assert_eq!(remove_accents("東京"), "東京");
    }
}
