//! Errors of the configuration in words.

/// One error, with the key and where it comes from, without the value.
pub(super) fn explained(error: &figment::Error) -> String {
    let key = error.path.join(".");
    match &error.kind {
        figment::error::Kind::UnknownField(field, known) => {
            let nearest = known.iter().min_by_key(|name| distance(name, field)).copied().unwrap_or_default();
            format!("{field} is not a setting; did you mean {nearest}?")
        }
        figment::error::Kind::UnknownVariant(given, known) => {
            format!("{key} is {given}: it has to be {}", known.join(" or "))
        }
        figment::error::Kind::InvalidType(..) | figment::error::Kind::InvalidValue(..) => {
            format!("{key} cannot be read: {}", error.kind)
        }
        kind => format!("{key}: {kind}"),
    }
}

/// How many letters differ (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut before = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let above = row[j + 1];
            row[j + 1] = (before + usize::from(x != y)).min(above + 1).min(row[j] + 1);
            before = above;
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_hand_is_near() {
        assert_eq!(distance("public_url", "publik_url"), 1);
        assert_eq!(distance("", "ab"), 2);
    }
}
