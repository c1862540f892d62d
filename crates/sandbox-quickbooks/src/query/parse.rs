//! The parser of queries, with QuickBooks' errors.

use super::{
    syntax::{Condition, Operator, Projection, Query},
    words::{Placed, Word, words},
};
use crate::{
    company::keys::{Kind, properties},
    entity::Entity,
    fault::Fault,
    schema,
};

/// Rows of one answer, if the query does not say otherwise.
const DEFAULT_ROWS: usize = 100;
const MAX_ROWS: usize = 1000;

struct Reader {
    words: Vec<Placed>,
    at: usize,
}

impl Reader {
    fn peek(&self) -> &Placed {
        &self.words[self.at.min(self.words.len() - 1)]
    }

    fn next(&mut self) -> Placed {
        let word = self.peek().clone();
        self.at += 1;
        word
    }

    fn is_keyword(&self, keyword: &str) -> bool {
        matches!(&self.peek().word, Word::Name(name) if name.eq_ignore_ascii_case(keyword))
    }

    fn take_keyword(&mut self, keyword: &str) -> bool {
        let found = self.is_keyword(keyword);
        self.at += usize::from(found);
        found
    }

    fn keyword(&mut self, keyword: &str) -> Result<(), Fault> {
        if self.take_keyword(keyword) { Ok(()) } else { Err(self.peek().unexpected(&format!("\"{keyword}\""))) }
    }

    fn sign(&mut self, sign: &str) -> bool {
        let found = matches!(&self.peek().word, Word::Sign(found) if *found == sign);
        self.at += usize::from(found);
        found
    }

    fn name(&mut self) -> Result<String, Fault> {
        let word = self.next();
        match word.word {
            Word::Name(name) => Ok(name),
            _ => Err(word.unexpected("<IDENTIFIER>")),
        }
    }

    fn number(&mut self) -> Result<usize, Fault> {
        let word = self.next();
        match &word.word {
            Word::Number(number) => number.parse().map_err(|_| word.unexpected("<INTEGER>")),
            _ => Err(word.unexpected("<INTEGER>")),
        }
    }

    /// Reads a value: a quoted text, or a bare `true` or `false`. Bare numbers are refused, as QuickBooks refuses them.
    fn value(&mut self) -> Result<String, Fault> {
        let word = self.next();
        match &word.word {
            Word::Text(text) => Ok(text.clone()),
            Word::Name(name) if name.eq_ignore_ascii_case("true") || name.eq_ignore_ascii_case("false") => {
                Ok(name.to_ascii_lowercase())
            }
            _ => Err(word.unexpected("<STRING> ... \"true\" ... \"false\"")),
        }
    }

    fn projection(&mut self) -> Result<(bool, bool, Vec<String>), Fault> {
        let (mut all, mut members) = (false, Vec::new());
        if self.is_keyword("count") {
            self.at += 1;
            for sign in ["(", "*", ")"] {
                if !self.sign(sign) {
                    return Err(self.peek().unexpected(&format!("\"{sign}\"")));
                }
            }
            return Ok((true, false, members));
        }
        loop {
            if self.sign("*") {
                all = true;
            } else {
                members.push(self.name()?);
            }
            if !self.sign(",") {
                return Ok((false, all, members));
            }
        }
    }
}

/// Parses a query.
pub(super) fn parse(text: &str) -> Result<Query, Fault> {
    let mut reader = Reader { words: words(text)?, at: 0 };
    reader.keyword("select")?;
    let (count, all, members) = reader.projection()?;
    reader.keyword("from")?;
    let named = reader.name()?;
    let entity =
        Entity::named(&named).ok_or_else(|| Fault::invalid_query(format!("invalid context declaration: {named}")))?;
    let projection = if count {
        Projection::Count
    } else if all {
        for member in &members {
            member_of(entity, member)?;
        }
        Projection::All
    } else {
        Projection::Members(members.iter().map(|member| member_of(entity, member)).collect::<Result<_, _>>()?)
    };
    let mut query =
        Query { entity, projection, conditions: Vec::new(), order: Vec::new(), start: 1, max: DEFAULT_ROWS };
    if reader.take_keyword("where") {
        loop {
            let condition = condition(&mut reader, entity)?;
            query.conditions.push(condition);
            if !reader.take_keyword("and") {
                break;
            }
        }
    }
    if reader.take_keyword("orderby")
        || (reader.is_keyword("order") && {
            reader.at += 1;
            reader.keyword("by").map(|()| true)?
        })
    {
        loop {
            let name = reader.name()?;
            let (at, kind) = property(entity, &name)?;
            if kind == Kind::Reference {
                return Err(Fault::invalid_query(format!("property '{name}' is not sortable")));
            }
            let descending = reader.take_keyword("desc");
            if !descending {
                reader.take_keyword("asc");
            }
            query.order.push((at, descending));
            if !reader.sign(",") {
                break;
            }
        }
    }
    loop {
        if reader.take_keyword("startposition") {
            query.start = reader.number()?.max(1);
        } else if reader.take_keyword("maxresults") {
            query.max = reader.number()?.min(MAX_ROWS);
        } else {
            break;
        }
    }
    match reader.next() {
        Placed { word: Word::End, .. } => Ok(query),
        word => {
            Err(word
                .unexpected("\"where\" ... \"and\" ... \"orderby\" ... \"startposition\" ... \"maxresults\" ... <EOF>"))
        }
    }
}

fn member_of(entity: Entity, name: &str) -> Result<String, Fault> {
    schema::property(entity, name).ok_or_else(|| not_found(entity, name))
}

fn not_found(entity: Entity, name: &str) -> Fault {
    Fault::invalid_query(format!("Property {name} not found for Entity {}", entity.name()))
}

/// Returns the index and the kind of a property that queries may compare and sort by.
fn property(entity: Entity, name: &str) -> Result<(usize, Kind), Fault> {
    let found = properties(entity).iter().position(|property| property.path.eq_ignore_ascii_case(name));
    match found {
        Some(at) => Ok((at, properties(entity)[at].kind)),
        None if schema::property(entity, name).is_some() => {
            Err(Fault::invalid_query(format!("property '{name}' is not queryable")))
        }
        None => Err(not_found(entity, name)),
    }
}

fn condition(reader: &mut Reader, entity: Entity) -> Result<Condition, Fault> {
    let bracketed = reader.sign("(");
    let name = reader.name()?;
    let (at, kind) = property(entity, &name)?;
    let word = reader.next();
    let operator = match &word.word {
        Word::Sign("=") => Operator::Equal,
        Word::Sign("<") => Operator::Less,
        Word::Sign(">") => Operator::Greater,
        Word::Sign("<=") => Operator::AtMost,
        Word::Sign(">=") => Operator::AtLeast,
        Word::Name(name) if name.eq_ignore_ascii_case("like") => Operator::Like,
        Word::Name(name) if name.eq_ignore_ascii_case("in") => Operator::In,
        _ => return Err(word.unexpected("\"=\" ... \"<\" ... \">\" ... \"<=\" ... \">=\" ... \"like\" ... \"in\"")),
    };
    let mut values = Vec::new();
    if operator == Operator::In {
        if !reader.sign("(") {
            return Err(reader.peek().unexpected("\"(\""));
        }
        loop {
            values.push(reader.value()?);
            if !reader.sign(",") {
                break;
            }
        }
        if !reader.sign(")") {
            return Err(reader.peek().unexpected("\",\" ... \")\""));
        }
    } else {
        values.push(reader.value()?);
    }
    if bracketed && !reader.sign(")") {
        return Err(reader.peek().unexpected("\")\""));
    }
    Ok(Condition { at, kind, operator, values })
}
