//! QuickBooks' query language: `select * from Customer where DisplayName like 'A%' orderby Id maxresults 10`.

use super::{company::Company, company::entity_name, fault::Fault};
use crate::decimal::decimal;
use jiff::{Timestamp, Zoned, civil::Date};
use serde_json::{Map, Value, json};
use std::cmp::Ordering;

const MOST: usize = 1000;

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Number(String),
    Sign(&'static str),
}

#[derive(Debug)]
enum Operator {
    Compare(&'static str),
    Like,
    In,
}

#[derive(Debug)]
struct Condition {
    property: String,
    operator: Operator,
    values: Vec<String>,
}

#[derive(Debug)]
struct Query {
    entity: &'static str,
    count: bool,
    conditions: Vec<Condition>,
    order: Vec<(String, bool)>,
    start: usize,
    max: usize,
}

/// Answers a query: the content of `QueryResponse`.
pub(crate) fn answer(company: &Company, text: &str) -> Result<Value, Fault> {
    let query = parse(text)?;
    for property in query
        .conditions
        .iter()
        .map(|condition| &condition.property)
        .chain(query.order.iter().map(|(property, _)| property))
    {
        if !queryable(query.entity, property) {
            return Err(Fault::validation(
                "4001",
                "Invalid query",
                format!("QueryValidationError: property '{property}' is not queryable"),
                "",
            ));
        }
    }
    let asks_active = query.conditions.iter().any(|condition| condition.property.eq_ignore_ascii_case("Active"));
    let empty = super::table::Table::default();
    let table = company.table(query.entity).unwrap_or(&empty);
    let mut rows: Vec<&Value> = table
        .rows()
        .filter(|row| asks_active || row["Active"] != json!(false))
        .filter(|row| query.conditions.iter().all(|condition| condition.holds(row)))
        .collect();
    if query.count {
        return Ok(json!({ "totalCount": rows.len() }));
    }
    for (property, descending) in query.order.iter().rev() {
        rows.sort_by(|a, b| {
            let order = compare(property_of(a, property), property_of(b, property));
            if *descending { order.reverse() } else { order }
        });
    }
    let page: Vec<Value> = rows.into_iter().skip(query.start - 1).take(query.max).cloned().collect();
    let mut answer = Map::new();
    if !page.is_empty() {
        answer.insert("startPosition".into(), json!(query.start));
        answer.insert("maxResults".into(), json!(page.len()));
        answer.insert(query.entity.into(), Value::Array(page));
    }
    Ok(Value::Object(answer))
}

fn parse(text: &str) -> Result<Query, Fault> {
    let mut parser = Parser { tokens: tokens(text)?, at: 0 };
    parser.keyword("select")?;
    let count = parser.is_keyword("count");
    if count {
        parser.at += 1;
        for sign in ["(", "*", ")"] {
            parser.sign(sign)?;
        }
    } else {
        loop {
            match parser.next() {
                Some(Token::Word(_) | Token::Sign("*")) => {}
                other => return Err(unexpected(other.as_ref())),
            }
            if parser.peek() != Some(&Token::Sign(",")) {
                break;
            }
            parser.at += 1;
        }
    }
    parser.keyword("from")?;
    let name = parser.word()?;
    let entity = entity_name(&name).ok_or_else(|| {
        Fault::validation("4001", "Invalid query", format!("QueryValidationError: Invalid entity {name}"), "")
    })?;
    let mut query = Query { entity, count, conditions: Vec::new(), order: Vec::new(), start: 1, max: 100 };
    if parser.take_keyword("where") {
        loop {
            query.conditions.push(parser.condition()?);
            if !parser.take_keyword("and") {
                break;
            }
        }
    }
    if parser.take_keyword("orderby")
        || (parser.is_keyword("order")
            && {
                parser.at += 1;
                true
            }
            && parser.take_keyword("by"))
    {
        loop {
            let property = parser.word()?;
            let descending = parser.take_keyword("desc");
            if !descending {
                parser.take_keyword("asc");
            }
            query.order.push((property, descending));
            if parser.peek() != Some(&Token::Sign(",")) {
                break;
            }
            parser.at += 1;
        }
    }
    if parser.take_keyword("startposition") {
        query.start = parser.whole()?.max(1);
    }
    if parser.take_keyword("maxresults") {
        query.max = parser.whole()?.min(MOST);
    }
    match parser.next() {
        None => Ok(query),
        other => Err(unexpected(other.as_ref())),
    }
}

fn tokens(text: &str) -> Result<Vec<Token>, Fault> {
    let mut tokens = Vec::new();
    let mut characters = text.chars().peekable();
    while let Some(&c) = characters.peek() {
        if c.is_whitespace() {
            characters.next();
        } else if c == '\'' {
            characters.next();
            tokens.push(Token::Text(quoted(&mut characters)?));
        } else if c.is_alphabetic() || c == '_' {
            let mut word = String::new();
            while let Some(c) = characters.next_if(|c| c.is_alphanumeric() || matches!(c, '_' | '.')) {
                word.push(c);
            }
            tokens.push(Token::Word(word));
        } else if c.is_ascii_digit() || c == '-' {
            let mut number = String::new();
            while let Some(c) = characters.next_if(|c| c.is_ascii_digit() || matches!(c, '.' | '-')) {
                number.push(c);
            }
            tokens.push(Token::Number(number));
        } else {
            characters.next();
            let followed = characters.peek() == Some(&'=');
            let sign = match (c, followed) {
                ('<', true) => "<=",
                ('>', true) => ">=",
                ('<', false) => "<",
                ('>', false) => ">",
                ('=', _) => "=",
                ('(', _) => "(",
                (')', _) => ")",
                (',', _) => ",",
                ('*', _) => "*",
                _ => return Err(parse_error(&format!("Lexical error: \"{c}\""))),
            };
            if sign.len() == 2 {
                characters.next();
            }
            tokens.push(Token::Sign(sign));
        }
    }
    Ok(tokens)
}

/// A text up to its closing quote; `\'` is a quote, `\\` a backslash.
fn quoted(characters: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<String, Fault> {
    let mut text = String::new();
    loop {
        match characters.next() {
            Some('\'') => return Ok(text),
            Some('\\') => text.extend(characters.next()),
            Some(c) => text.push(c),
            None => return Err(parse_error("Encountered \"<EOF>\" within a text")),
        }
    }
}

fn parse_error(detail: &str) -> Fault {
    Fault::validation("4000", "Error parsing query", format!("QueryParserError: {detail}"), "")
}

fn unexpected(token: Option<&Token>) -> Fault {
    match token {
        Some(Token::Word(text) | Token::Text(text) | Token::Number(text)) => {
            parse_error(&format!("Encountered \" \"{text}\" \"\" at line 1."))
        }
        Some(Token::Sign(sign)) => parse_error(&format!("Encountered \" \"{sign}\" \"\" at line 1.")),
        None => parse_error("Encountered \"<EOF>\" at line 1."),
    }
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn next(&mut self) -> Option<Token> {
        self.at += 1;
        self.tokens.get(self.at - 1).cloned()
    }

    fn is_keyword(&self, keyword: &str) -> bool {
        matches!(self.peek(), Some(Token::Word(word)) if word.eq_ignore_ascii_case(keyword))
    }

    fn take_keyword(&mut self, keyword: &str) -> bool {
        let is = self.is_keyword(keyword);
        self.at += usize::from(is);
        is
    }

    fn keyword(&mut self, keyword: &str) -> Result<(), Fault> {
        if self.take_keyword(keyword) { Ok(()) } else { Err(unexpected(self.peek())) }
    }

    fn sign(&mut self, sign: &'static str) -> Result<(), Fault> {
        match self.next() {
            Some(Token::Sign(found)) if found == sign => Ok(()),
            other => Err(unexpected(other.as_ref())),
        }
    }

    fn word(&mut self) -> Result<String, Fault> {
        match self.next() {
            Some(Token::Word(word)) => Ok(word),
            other => Err(unexpected(other.as_ref())),
        }
    }

    fn whole(&mut self) -> Result<usize, Fault> {
        match self.next() {
            Some(Token::Number(number)) => number.parse().map_err(|_| parse_error("a whole number was expected")),
            other => Err(unexpected(other.as_ref())),
        }
    }

    fn literal(&mut self) -> Result<String, Fault> {
        match self.next() {
            Some(Token::Text(text)) => Ok(text),
            Some(Token::Word(word)) if matches!(word.to_ascii_lowercase().as_str(), "true" | "false") => {
                Ok(word.to_ascii_lowercase())
            }
            other => Err(unexpected(other.as_ref())),
        }
    }

    fn condition(&mut self) -> Result<Condition, Fault> {
        let property = self.word()?;
        let operator = match self.next() {
            Some(Token::Sign(sign @ ("=" | "<" | ">" | "<=" | ">="))) => Operator::Compare(sign),
            Some(Token::Word(word)) if word.eq_ignore_ascii_case("like") => Operator::Like,
            Some(Token::Word(word)) if word.eq_ignore_ascii_case("in") => Operator::In,
            other => return Err(unexpected(other.as_ref())),
        };
        let mut values = Vec::new();
        if matches!(operator, Operator::In) {
            self.sign("(")?;
            loop {
                values.push(self.literal()?);
                match self.next() {
                    Some(Token::Sign(",")) => {}
                    Some(Token::Sign(")")) => break,
                    other => return Err(unexpected(other.as_ref())),
                }
            }
        } else {
            values.push(self.literal()?);
        }
        Ok(Condition { property, operator, values })
    }
}

impl Condition {
    fn holds(&self, row: &Value) -> bool {
        let value = property_of(row, &self.property);
        match &self.operator {
            Operator::In => self.values.iter().any(|wanted| compare_with(value, wanted) == Some(Ordering::Equal)),
            Operator::Like => value.as_str().is_some_and(|text| self.values.iter().any(|pattern| like(text, pattern))),
            Operator::Compare(sign) => self.values.iter().all(|wanted| {
                compare_with(value, wanted).is_some_and(|order| match *sign {
                    "=" => order.is_eq(),
                    "<" => order.is_lt(),
                    ">" => order.is_gt(),
                    "<=" => order.is_le(),
                    _ => order.is_ge(),
                })
            }),
        }
    }
}

/// A property by its path; a reference stands for its value, an e-mail for its address.
fn property_of<'a>(row: &'a Value, path: &str) -> &'a Value {
    let value = path.split('.').fold(row, |value, part| {
        let found = value.as_object().and_then(|object| object.iter().find(|(key, _)| key.eq_ignore_ascii_case(part)));
        found.map_or(&Value::Null, |(_, value)| value)
    });
    match value {
        Value::Object(object) => {
            ["value", "Address", "FreeFormNumber"].iter().find_map(|key| object.get(*key)).unwrap_or(&Value::Null)
        }
        other => other,
    }
}

fn compare(a: &Value, b: &Value) -> Ordering {
    match b {
        Value::String(text) => compare_with(a, text).unwrap_or(Ordering::Equal),
        other => compare_with(a, &other.to_string()).unwrap_or(Ordering::Equal),
    }
}

fn compare_with(value: &Value, wanted: &str) -> Option<Ordering> {
    match value {
        Value::Bool(flag) => Some(flag.cmp(&wanted.eq_ignore_ascii_case("true"))),
        Value::Number(_) => Some(decimal(value)?.cmp(&wanted.parse().ok()?)),
        Value::String(text) => Some(match (instant(text), instant(wanted)) {
            (Some(a), Some(b)) => a.cmp(&b),
            _ => match (text.parse::<u64>(), wanted.parse::<u64>()) {
                (Ok(a), Ok(b)) => a.cmp(&b),
                _ => text.to_lowercase().cmp(&wanted.to_lowercase()),
            },
        }),
        _ => None,
    }
}

fn instant(text: &str) -> Option<Timestamp> {
    if text.len() < 10 || text.as_bytes()[4] != b'-' {
        return None;
    }
    let pacific = || jiff::tz::TimeZone::get("America/Los_Angeles").unwrap_or(jiff::tz::TimeZone::UTC);
    text.parse::<Timestamp>().ok().or_else(|| {
        let civil =
            text.parse::<jiff::civil::DateTime>().ok().or_else(|| Some(text.parse::<Date>().ok()?.at(0, 0, 0, 0)))?;
        civil.to_zoned(pacific()).ok().map(|zoned: Zoned| zoned.timestamp())
    })
}

/// `%` stands for any run of characters; case does not matter.
fn like(text: &str, pattern: &str) -> bool {
    fn matches(text: &[char], pattern: &[char]) -> bool {
        match pattern.split_first() {
            None => text.is_empty(),
            Some((&'%', rest)) => (0..=text.len()).any(|skip| matches(&text[skip..], rest)),
            Some((first, rest)) => text.first() == Some(first) && matches(&text[1..], rest),
        }
    }
    let fold = |text: &str| text.to_lowercase().chars().collect::<Vec<_>>();
    matches(&fold(text), &fold(pattern))
}

/// What may stand in WHERE and ORDERBY. Invoice: as the reference marks it; others: what clients are known to use.
fn queryable(entity: &str, property: &str) -> bool {
    let common = ["Id", "MetaData.CreateTime", "MetaData.LastUpdatedTime"];
    let own: &[&str] = match entity {
        "Invoice" => &["CustomerRef", "DocNumber", "TxnDate", "DueDate", "Balance", "SalesTermRef", "ProjectRef"],
        "Payment" => &["CustomerRef", "TxnDate", "TotalAmt", "PaymentRefNum"],
        "Customer" | "Vendor" | "Employee" => &[
            "DisplayName",
            "GivenName",
            "MiddleName",
            "FamilyName",
            "CompanyName",
            "FullyQualifiedName",
            "PrintOnCheckName",
            "PrimaryEmailAddr",
            "PrimaryPhone",
            "Active",
            "Balance",
            "Job",
        ],
        "Item" => &["Name", "Sku", "Type", "Active", "FullyQualifiedName", "UnitPrice", "ParentRef"],
        "Account" => {
            &["Name", "AccountType", "AccountSubType", "Classification", "Active", "FullyQualifiedName", "AcctNum"]
        }
        "CompanyCurrency" => &["Code", "Name", "Active"],
        "CompanyInfo" => &["CompanyName"],
        "Preferences" => &[],
        _ => &["Name", "Active", "DisplayName", "Description"],
    };
    common.iter().chain(own).any(|known| known.eq_ignore_ascii_case(property))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn like_knows_only_the_percent_sign() {
        assert!(like("Oceano Azul", "%azul"));
        assert!(like("Oceano Azul", "oce%AZ%"));
        assert!(!like("Oceano Azul", "azul"));
        assert!(like("100%", "100%"));
    }

    #[test]
    fn quotes_are_escaped_with_a_backslash() {
        let query =
            parse(r"select * from Customer where DisplayName = 'O\'Brien' and Active in (true, false) maxresults 5")
                .expect("a query");
        assert_eq!(query.conditions[0].values, ["O'Brien"]);
        assert_eq!(query.max, 5);
        assert!(parse("select * from Customer where DisplayName = 'O''Brien'").is_err());
        assert!(parse("select * from Invoice where Balance > 0").is_err());
    }
}
