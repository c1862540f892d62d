//! Explains errors of the configuration.

/// Explains one error, with its key. Contains no value that may be a secret: a secret without quotes is a number.
pub(super) fn explain_error(error: &figment::Error) -> String {
    let key = error.path.join(".");
    match &error.kind {
        figment::error::Kind::UnknownField(field, names) => {
            let nearest = names.iter().min_by_key(|name| distance(name, field)).copied().unwrap_or_default();
            format!("{field} is not a setting; did you mean {nearest}?")
        }
        figment::error::Kind::UnknownVariant(value, allowed) => {
            format!("{key} is {value}: it has to be {}", allowed.join(" or "))
        }
        figment::error::Kind::InvalidType(_, expected) => format!("{key} has the wrong type: it has to be {expected}"),
        figment::error::Kind::InvalidValue(_, expected) => {
            format!("{key} has an invalid value: it has to be {expected}")
        }
        kind => format!("{key}: {kind}"),
    }
}

/// The Levenshtein distance of two texts, in bytes.
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
    fn the_distance_counts_changed_letters() {
        assert_eq!(distance("public_url", "publik_url"), 1);
        assert_eq!(distance("", "ab"), 2);
    }
}
