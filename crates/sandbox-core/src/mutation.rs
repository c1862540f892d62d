//! Mutation of JSON answers: valid JSON in which some places have another shape. A seed makes the choice repeatable.
//!
//! Only shapes change. Amounts, numbers and names keep their values, so that all remaining data is correct.

use fastrand::Rng;
use serde_json::{Value, json};

/// Depth to which a whole answer is sometimes nested. Parsers stop at 128.
const NESTING_DEPTH: usize = 200;

/// Changes a number of places of a JSON body. Returns any other body unchanged.
pub fn mutate(body: &[u8], places: u32, seed: u64) -> Vec<u8> {
    let Ok(mut answer) = serde_json::from_slice::<Value>(body) else { return body.to_vec() };
    let mut rng = Rng::with_seed(seed);
    for _ in 0..places {
        let at = rng.usize(0..count_values(&answer));
        mutate_at(&mut answer, at, &mut rng);
    }
    if rng.u8(..) < 4 {
        // Nests the answer deeper than parsers accept.
        let text = answer.to_string();
        return format!("{}{text}{}", "[".repeat(NESTING_DEPTH), "]".repeat(NESTING_DEPTH)).into_bytes();
    }
    answer.to_string().into_bytes()
}

/// Counts a value and all values within it.
fn count_values(value: &Value) -> usize {
    1 + match value {
        Value::Array(rows) => rows.iter().map(count_values).sum(),
        Value::Object(members) => members.values().map(count_values).sum(),
        _ => 0,
    }
}

/// Changes the value at a position. Positions count depth-first from 0, which is the value itself.
fn mutate_at(value: &mut Value, at: usize, rng: &mut Rng) {
    if at == 0 {
        *value = mutated(value, rng);
        return;
    }
    let mut remaining = at - 1;
    let within: Vec<&mut Value> = match value {
        Value::Array(rows) => rows.iter_mut().collect(),
        Value::Object(members) => members.values_mut().collect(),
        _ => return,
    };
    for inner in within {
        let size = count_values(inner);
        if remaining < size {
            return mutate_at(inner, remaining, rng);
        }
        remaining -= size;
    }
}

/// Returns a value in a different shape.
fn mutated(value: &Value, rng: &mut Rng) -> Value {
    match (value, rng.u8(0..12)) {
        (Value::Array(rows), 0..=2) => json!(rows.iter().rev().collect::<Vec<_>>()),
        (Value::Array(rows), 3 | 4) => {
            // Repeats one row with its id.
            let again = rows.get(rng.usize(0..rows.len().max(1)));
            json!(rows.iter().chain(again).collect::<Vec<_>>())
        }
        (Value::Array(rows), 5 | 6) => {
            json!(rows.iter().map(|row| if rng.bool() { row } else { &Value::Null }).collect::<Vec<_>>())
        }
        (Value::Object(members), 0..=4) => {
            let without = rng.usize(0..members.len().max(1));
            Value::Object(
                members
                    .clone()
                    .into_iter()
                    .enumerate()
                    .filter(|(at, _)| *at != without)
                    .map(|(_, member)| member)
                    .collect(),
            )
        }
        (Value::Object(members), 5) => json!(members.values().collect::<Vec<_>>()),
        (Value::Object(members), 6) => {
            let mut more = members.clone();
            more.extend((0..20).map(|at| (format!("Unknown{at}"), json!({ "value": [null, at] }))));
            Value::Object(more)
        }
        (_, 0..=3) => Value::Null,
        (Value::Number(number), 4 | 5) => json!(number.to_string()),
        (Value::String(text), 4) => json!([text]),
        (Value::Bool(flag), 4 | 5) => json!(flag.to_string()),
        (_, 7) => json!([value]),
        (_, 8) => json!({ "value": value }),
        (_, 9) => json!({}),
        (_, 10) => json!([]),
        (Value::String(_), _) => json!(true),
        (Value::Number(_), _) => json!(1e300),
        _ => json!("text"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_its_changes_and_seeds_differ() {
        let body = br#"{"Invoice":[{"Id":"1","TotalAmt":10.5,"Line":[{"Amount":1},{"Amount":2}]}],"time":"t"}"#;
        assert_eq!(mutate(body, 2, 7), mutate(body, 2, 7));
        let all: std::collections::BTreeSet<Vec<u8>> = (0..500).map(|seed| mutate(body, 1, seed)).collect();
        assert!(all.len() > 60, "{}", all.len());
        assert!(all.iter().filter(|changed| changed.as_slice() == body).count() <= 1);
        assert_eq!(mutate(b"%PDF-1.4", 3, 1), b"%PDF-1.4");
    }
}
