//! The parser of queries, with QuickBooks' errors.

use super::{
    syntax::{Condition, Operator, Projection, Query},
    tokens::{Token, TokenKind, tokenize},
};
use crate::{
    company::keys::{Kind, properties},
    entity::Entity,
    fault::Fault,
    schema,
};

/// Rows of one answer to a query without `maxresults`.
const DEFAULT_ROWS: usize = 100;
const MAX_ROWS: usize = 1000;

struct Reader {
    tokens: Vec<Token>,
    at: usize,
}

impl Reader {
    fn peek(&self) -> &Token {
        &self.tokens[self.at.min(self.tokens.len() - 1)]
    }

    fn next_token(&mut self) -> Token {
        let token = self.peek().clone();
        self.at += 1;
        token
    }

    fn is_keyword(&self, keyword: &str) -> bool {
        matches!(&self.peek().kind, TokenKind::Name(name) if name.eq_ignore_ascii_case(keyword))
    }

    fn take_keyword(&mut self, keyword: &str) -> bool {
        let found = self.is_keyword(keyword);
        self.at += usize::from(found);
        found
    }

    fn expect_keyword(&mut self, keyword: &str) -> Result<(), Fault> {
        if self.take_keyword(keyword) { Ok(()) } else { Err(self.peek().unexpected(&format!("\"{keyword}\""))) }
    }

    fn take_sign(&mut self, sign: &str) -> bool {
        let found = matches!(&self.peek().kind, TokenKind::Sign(found) if *found == sign);
        self.at += usize::from(found);
        found
    }

    fn expect_name(&mut self) -> Result<String, Fault> {
        let token = self.next_token();
        match token.kind {
            TokenKind::Name(name) => Ok(name),
            _ => Err(token.unexpected("<IDENTIFIER>")),
        }
    }

    fn expect_number(&mut self) -> Result<usize, Fault> {
        let token = self.next_token();
        match &token.kind {
            TokenKind::Number(number) => number.parse().map_err(|_| token.unexpected("<INTEGER>")),
            _ => Err(token.unexpected("<INTEGER>")),
        }
    }

    /// Reads a value: a quoted text, or a bare `true` or `false`. Bare numbers are refused, as QuickBooks refuses them.
    fn expect_value(&mut self) -> Result<String, Fault> {
        let token = self.next_token();
        match &token.kind {
            TokenKind::Text(text) => Ok(text.clone()),
            TokenKind::Name(name) if name.eq_ignore_ascii_case("true") || name.eq_ignore_ascii_case("false") => {
                Ok(name.to_ascii_lowercase())
            }
            _ => Err(token.unexpected("<STRING> ... \"true\" ... \"false\"")),
        }
    }

    fn parse_projection(&mut self) -> Result<(bool, bool, Vec<String>), Fault> {
        let (mut all, mut members) = (false, Vec::new());
        if self.is_keyword("count") {
            self.at += 1;
            for sign in ["(", "*", ")"] {
                if !self.take_sign(sign) {
                    return Err(self.peek().unexpected(&format!("\"{sign}\"")));
                }
            }
            return Ok((true, false, members));
        }
        loop {
            if self.take_sign("*") {
                all = true;
            } else {
                members.push(self.expect_name()?);
            }
            if !self.take_sign(",") {
                return Ok((false, all, members));
            }
        }
    }
}

/// Parses a query.
pub(super) fn parse(text: &str) -> Result<Query, Fault> {
    let mut reader = Reader { tokens: tokenize(text)?, at: 0 };
    reader.expect_keyword("select")?;
    let (count, all, members) = reader.parse_projection()?;
    reader.expect_keyword("from")?;
    let name = reader.expect_name()?;
    let entity =
        Entity::from_name(&name).ok_or_else(|| Fault::invalid_query(format!("invalid context declaration: {name}")))?;
    let projection = if count {
        Projection::Count
    } else if all {
        for member in &members {
            find_member(entity, member)?;
        }
        Projection::All
    } else {
        Projection::Members(members.iter().map(|member| find_member(entity, member)).collect::<Result<_, _>>()?)
    };
    let mut query =
        Query { entity, projection, conditions: Vec::new(), order: Vec::new(), start: 1, max: DEFAULT_ROWS };
    if reader.take_keyword("where") {
        loop {
            let condition = parse_condition(&mut reader, entity)?;
            query.conditions.push(condition);
            if !reader.take_keyword("and") {
                break;
            }
        }
    }
    if reader.take_keyword("orderby")
        || (reader.is_keyword("order") && {
            reader.at += 1;
            reader.expect_keyword("by").map(|()| true)?
        })
    {
        loop {
            let name = reader.expect_name()?;
            let (at, kind) = find_property(entity, &name)?;
            if kind == Kind::Reference {
                return Err(Fault::invalid_query(format!("property '{name}' is not sortable")));
            }
            let descending = reader.take_keyword("desc");
            if !descending {
                reader.take_keyword("asc");
            }
            query.order.push((at, descending));
            if !reader.take_sign(",") {
                break;
            }
        }
    }
    loop {
        if reader.take_keyword("startposition") {
            query.start = reader.expect_number()?.max(1);
        } else if reader.take_keyword("maxresults") {
            query.max = reader.expect_number()?.min(MAX_ROWS);
        } else {
            break;
        }
    }
    match reader.next_token() {
        Token { kind: TokenKind::End, .. } => Ok(query),
        token => Err(token
            .unexpected("\"where\" ... \"and\" ... \"orderby\" ... \"startposition\" ... \"maxresults\" ... <EOF>")),
    }
}

fn find_member(entity: Entity, name: &str) -> Result<String, Fault> {
    schema::property(entity, name).ok_or_else(|| unknown_property(entity, name))
}

fn unknown_property(entity: Entity, name: &str) -> Fault {
    Fault::invalid_query(format!("Property {name} not found for Entity {}", entity.name()))
}

/// Returns the index and the kind of a property that queries may compare and sort by.
fn find_property(entity: Entity, name: &str) -> Result<(usize, Kind), Fault> {
    let found = properties(entity).iter().position(|property| property.path.eq_ignore_ascii_case(name));
    match found {
        Some(at) => Ok((at, properties(entity)[at].kind)),
        None if schema::property(entity, name).is_some() => {
            Err(Fault::invalid_query(format!("property '{name}' is not queryable")))
        }
        None => Err(unknown_property(entity, name)),
    }
}

fn parse_condition(reader: &mut Reader, entity: Entity) -> Result<Condition, Fault> {
    let bracketed = reader.take_sign("(");
    let name = reader.expect_name()?;
    let (at, kind) = find_property(entity, &name)?;
    let token = reader.next_token();
    let operator = match &token.kind {
        TokenKind::Sign("=") => Operator::Equal,
        TokenKind::Sign("<") => Operator::Less,
        TokenKind::Sign(">") => Operator::Greater,
        TokenKind::Sign("<=") => Operator::AtMost,
        TokenKind::Sign(">=") => Operator::AtLeast,
        TokenKind::Name(name) if name.eq_ignore_ascii_case("like") => Operator::Like,
        TokenKind::Name(name) if name.eq_ignore_ascii_case("in") => Operator::In,
        _ => return Err(token.unexpected("\"=\" ... \"<\" ... \">\" ... \"<=\" ... \">=\" ... \"like\" ... \"in\"")),
    };
    let mut values = Vec::new();
    if operator == Operator::In {
        if !reader.take_sign("(") {
            return Err(reader.peek().unexpected("\"(\""));
        }
        loop {
            values.push(reader.expect_value()?);
            if !reader.take_sign(",") {
                break;
            }
        }
        if !reader.take_sign(")") {
            return Err(reader.peek().unexpected("\",\" ... \")\""));
        }
    } else {
        values.push(reader.expect_value()?);
    }
    if bracketed && !reader.take_sign(")") {
        return Err(reader.peek().unexpected("\")\""));
    }
    Ok(Condition { at, kind, operator, values })
}
