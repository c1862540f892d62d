//! Evaluation of queries on a company's rows.

use super::{
    accents::remove_accents,
    parse::parse,
    syntax::{Condition, Operator, Projection, Query},
};
use crate::{
    company::{
        Company, LikeAccents, SalesTax,
        id::Id,
        keys::{CREATED, ID, Key, Kind, parse_key, properties},
        table::{Row, Table},
    },
    entity::Entity,
    fault::Fault,
    objects::currencies::read_exchange_rate,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};
use std::{collections::BTreeSet, fmt::Write as _, sync::Arc};

/// Answers a query with the content of `QueryResponse`, as JSON.
pub(crate) fn answer(company: &Company, text: &str, now: Timestamp) -> Result<String, Fault> {
    let query = parse(text.trim().trim_end_matches(';'))?;
    if company.quirks.refused_queries.contains(&query.entity) {
        return Err(Fault::feature(query.entity.name()));
    }
    let lag = company.quirks.query_lag_ms;
    let visible_until = Key::Instant(now - SignedDuration::from_millis(lag));
    let accents = company.quirks.like_accents;
    let tests = query
        .conditions
        .iter()
        .map(|condition| {
            if condition.kind == Kind::Instant {
                condition.values.iter().try_for_each(|moment| company.check_time_format(moment))?;
            }
            Predicate::new(condition, accents)
        })
        .collect::<Result<Vec<_>, _>>()?;
    let is_visible = |row: &Row| lag == 0 || row.keys()[CREATED] <= visible_until;
    if query.entity == Entity::ExchangeRate
        && let Some(day) = requested_day(&query)
    {
        return Ok(list_rates_of_day(company, &query, &tests, day));
    }
    let matching = matching(company, &query, &tests).filter(|(_, row)| is_visible(row));
    if query.projection == Projection::Count {
        return Ok(json!({ "totalCount": matching.count() }).to_string());
    }
    // Rows are in the order of their ids, so a page in that order is complete before the table ends.
    let is_complete_early = query.order.is_empty() && !has_pseudo_codes(company, &query);
    let row_limit = if is_complete_early { query.start - 1 + query.max } else { usize::MAX };
    let mut found: Vec<(&Id, &Arc<Row>)> = matching.take(row_limit).collect();
    found.sort_by(|(_, a), (_, b)| {
        let orders = query.order.iter().map(|(at, descending)| {
            let order = a.keys()[*at].cmp(&b.keys()[*at]);
            if *descending { order.reverse() } else { order }
        });
        orders.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then)
    });
    let page = take_page(company, &query, found);
    if query.entity == Entity::Invoice {
        company.check_addresses(page.iter().map(|(id, _)| id.to_string()))?;
    }
    if page.is_empty() {
        return Ok("{}".to_owned());
    }
    let mut body = format!("{{\"{}\":[", query.entity.name());
    for (at, (_, row)) in page.iter().enumerate() {
        if at > 0 {
            body.push(',');
        }
        match &query.projection {
            Projection::Members(members) => body.push_str(&project(row, members)),
            _ if query.entity == Entity::ExchangeRate => body.push_str(&without_id(row)),
            _ => body.push_str(row.json()),
        }
    }
    let _ = write!(body, "],\"startPosition\":{},\"maxResults\":{}", query.start, page.len());
    if query.entity.is_name_list() {
        let _ = write!(body, ",\"totalCount\":{}", page.len());
    }
    body.push('}');
    Ok(body)
}

/// Returns the day for which a query requests exchange rates.
fn requested_day(query: &Query) -> Option<&str> {
    let is_day = |condition: &&Condition| condition.kind == Kind::Date && condition.operator == Operator::Equal;
    query.conditions.iter().find(is_day)?.values.first().map(String::as_str)
}

/// Lists the rates in force on a day. A rate is in force until the next one is set.
fn list_rates_of_day(company: &Company, query: &Query, tests: &[Predicate], day: &str) -> String {
    let dates = properties(query.entity).iter().position(|property| property.kind == Kind::Date);
    let others: Vec<&Predicate> = tests.iter().filter(|test| Some(test.at) != dates).collect();
    let rows = company.table(query.entity).into_iter().flat_map(Table::rows).map(|(_, row)| row);
    let matching_rows = rows.filter(|row| others.iter().all(|test| test.matches(&row.keys()[test.at])));
    let codes: BTreeSet<String> =
        matching_rows.filter_map(|row| row.value()["SourceCurrencyCode"].as_str().map(str::to_owned)).collect();
    let rates = codes.iter().filter_map(|code| read_exchange_rate(company, code, Some(day)).ok());
    if query.projection == Projection::Count {
        return json!({ "totalCount": rates.count() }).to_string();
    }
    let page: Vec<Value> = rates.skip(query.start - 1).take(query.max).collect();
    if page.is_empty() {
        return "{}".to_owned();
    }
    json!({ "ExchangeRate": page, "startPosition": query.start, "maxResults": page.len() }).to_string()
}

/// Returns the rows that match a query. Lists of names contain only active rows, unless the query has a condition on
/// `Active`.
fn matching<'a>(
    company: &'a Company,
    query: &'a Query,
    tests: &'a [Predicate],
) -> impl Iterator<Item = (&'a Id, &'a Arc<Row>)> {
    let active = properties(query.entity).iter().position(|property| property.path == "Active");
    let active_key = active
        .filter(|at| query.entity.is_name_list() && !query.conditions.iter().any(|condition| condition.at == *at));
    let table = company.table(query.entity);
    let ids = tests.iter().find_map(Predicate::ids);
    let all = table.filter(|_| ids.is_none()).into_iter().flat_map(Table::rows);
    let by_id = ids.into_iter().flatten().filter_map(move |id| Some((id, table?.find(id)?)));
    by_id
        .chain(all)
        .filter(move |(_, row)| active_key.is_none_or(|at| row.keys()[at] != Key::Flag(false)))
        .filter(|(_, row)| tests.iter().all(|test| test.matches(&row.keys()[test.at])))
}

/// Whether QuickBooks adds the pseudo tax codes of the United States. It adds them to every page of tax codes.
fn has_pseudo_codes(company: &Company, query: &Query) -> bool {
    query.entity == Entity::TaxCode && company.rules.sales_tax != SalesTax::PerLine
}

/// Returns the requested page.
fn take_page<'a>(company: &Company, query: &Query, found: Vec<(&'a Id, &'a Arc<Row>)>) -> Vec<(&'a Id, &'a Arc<Row>)> {
    let pseudo = has_pseudo_codes(company, query);
    let (pseudo_codes, paged): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|(id, _)| pseudo && matches!(id, Id::Name(_)));
    paged.into_iter().skip(query.start - 1).take(query.max).chain(pseudo_codes).collect()
}

/// A condition with its values as keys.
#[derive(Debug)]
struct Predicate {
    at: usize,
    operator: Operator,
    values: Vec<Key>,
    /// Whether texts are compared without accents.
    ignores_accents: bool,
}

impl Predicate {
    fn new(condition: &Condition, accents: LikeAccents) -> Result<Self, Fault> {
        let like = condition.operator == Operator::Like;
        if like && !matches!(condition.kind, Kind::Text | Kind::Id) {
            return Err(Fault::invalid_query("Operator LIKE is for texts only"));
        }
        let kind = if like { Kind::Text } else { condition.kind };
        let ignores_accents = like && accents == LikeAccents::Insensitive;
        let values = condition
            .values
            .iter()
            .map(|value| {
                let value = if ignores_accents { &remove_accents(&value.to_lowercase()) } else { value };
                parse_key(kind, value)
                    .ok_or_else(|| Fault::invalid_query(format!("value {value} is invalid for this property")))
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { at: condition.at, operator: condition.operator, values, ignores_accents })
    }

    /// Returns the ids in a condition on ids, each once and in their order. Returns `None` for any other condition.
    fn ids(&self) -> Option<BTreeSet<&Id>> {
        let is_by_id = self.at == ID && matches!(self.operator, Operator::Equal | Operator::In);
        let ids = self.values.iter().filter_map(|value| if let Key::Id(id) = value { Some(id) } else { None });
        is_by_id.then(|| ids.collect())
    }

    fn matches(&self, key: &Key) -> bool {
        match key {
            Key::Absent => false,
            Key::Many(keys) => keys.iter().any(|key| self.matches(key)),
            key => self.values.iter().any(|value| self.compare(key, value)),
        }
    }

    fn compare(&self, key: &Key, value: &Key) -> bool {
        match self.operator {
            Operator::Equal | Operator::In => key == value,
            Operator::Less => key < value,
            Operator::Greater => key > value,
            Operator::AtMost => key <= value,
            Operator::AtLeast => key >= value,
            Operator::Like => match (key, value) {
                (Key::Text(text), Key::Text(pattern)) if self.ignores_accents => like(&remove_accents(text), pattern),
                (Key::Text(text), Key::Text(pattern)) => like(text, pattern),
                (Key::Id(id), Key::Text(pattern)) => like(&id.to_string(), pattern),
                _ => false,
            },
        }
    }
}

/// Matches a pattern in which `%` stands for any run of characters. Both texts are in lower case.
fn like(text: &str, pattern: &str) -> bool {
    let mut parts = pattern.split('%');
    let Some(mut rest) = text.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    if !pattern.contains('%') {
        return rest.is_empty();
    }
    let mut parts: Vec<&str> = parts.collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// Reduces a row to the requested members.
fn project(row: &Row, members: &[String]) -> String {
    let value = row.value();
    let mut projection = Map::new();
    for member in members {
        // The answer contains the whole object of a nested member.
        let top = member.split('.').next().unwrap_or(member);
        let found = &value[top];
        if !found.is_null() {
            projection.insert(top.to_owned(), found.clone());
        }
    }
    projection.insert("domain".into(), json!("QBO"));
    projection.insert("sparse".into(), json!(true));
    Value::Object(projection).to_string()
}

fn without_id(row: &Row) -> String {
    let mut value = row.value();
    value.as_object_mut().map(|row| row.remove("Id"));
    value.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn like_has_only_the_percent_sign_as_a_wildcard() {
        assert!(like("oceano azul", "%azul"));
        assert!(like("oceano azul", "oce%az%"));
        assert!(like("aab", "%ab"));
        assert!(!like("oceano azul", "azul"));
        assert!(!like("ab", "ab%b"));
        assert!(like("100%", "100%"));
    }

    #[test]
    fn a_query_is_parsed() {
        let query = parse(
            r"SELECT * FROM customer where DisplayName = 'O\'Brien' and Active in (true, false) order by Id desc maxresults 5",
        );
        let query = query.expect("a query");
        assert_eq!(query.conditions[0].values, ["O'Brien"]);
        assert_eq!((query.max, query.start, query.order.len()), (5, 1, 1));
        assert_eq!(
            parse("select Id, metadata.createtime from Invoice").expect("a query").projection,
            Projection::Members(vec!["Id".into(), "MetaData.CreateTime".into()])
        );
    }

    #[test]
    fn an_invalid_query_is_refused_with_its_position() {
        for (query, code) in [
            ("select * from Customer where DisplayName = 'O''Brien'", "4000"),
            ("select * from Invoice where Balance > 0", "4000"),
            ("select * from Invoice where Id != '1'", "4000"),
            ("select * from Invoice where Id = '1' or Id = '2'", "4000"),
            ("select * from Customer where DisplayName = 'open", "4000"),
            ("select * from Nothing", "4001"),
            ("select * from Invoice where TotalAmt > '1'", "4001"),
            ("select * from Invoice where NoSuchField = '1'", "4001"),
            ("select NoSuchField from Invoice", "4001"),
            ("select * from Invoice orderby CustomerRef", "4001"),
        ] {
            let fault = parse(query).expect_err(query);
            assert_eq!(fault.body()["Error"][0]["code"], json!(code), "{query}");
        }
        let fault = parse("select * from Invoice limit 3").expect_err("no limit").body();
        assert!(
            fault["Error"][0]["Detail"].as_str().is_some_and(|detail| detail.contains("line 1, column 23")),
            "{fault}"
        );
    }
}
