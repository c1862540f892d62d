//! Tokens of a query, with their positions for error messages.

use crate::fault::Fault;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TokenKind {
    Name(String),
    Text(String),
    Number(String),
    Sign(&'static str),
    End,
}

/// A token with its position.
#[derive(Debug, Clone)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) line: usize,
    pub(super) column: usize,
}

impl Token {
    /// Returns the error for a token that is not expected here.
    pub(super) fn unexpected(&self, expected: &str) -> Fault {
        let (name, text) = match &self.kind {
            TokenKind::Name(name) => ("<IDENTIFIER>", name.as_str()),
            TokenKind::Text(text) => ("<STRING>", text.as_str()),
            TokenKind::Number(number) => ("<NUMBER>", number.as_str()),
            TokenKind::Sign(sign) => ("<SIGN>", *sign),
            TokenKind::End => ("<EOF>", ""),
        };
        Fault::unparsable(format!(
            "QueryParserError: Encountered \" {name} \"{text} \"\" at line {}, column {}.\nWas expecting: {expected}",
            self.line, self.column
        ))
    }
}

const SIGNS: [&str; 9] = ["<=", ">=", "=", "<", ">", "(", ")", ",", "*"];

/// Splits a query into tokens. A backslash escapes a quote in a text.
pub(super) fn tokenize(query: &str) -> Result<Vec<Token>, Fault> {
    let mut tokens = Vec::new();
    let (mut rest, mut line, mut column) = (query, 1, 1);
    while let Some(first) = rest.chars().next() {
        let (kind, length) = if first.is_whitespace() {
            (None, first.len_utf8())
        } else if first == '\'' {
            let (text, length) = text(rest).ok_or_else(|| {
                Fault::unparsable(format!("QueryParserError: Lexical error at line {line}, column {column}. Encountered: <EOF> after : \"{rest}\""))
            })?;
            (Some(TokenKind::Text(text)), length)
        } else if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            (Some(TokenKind::Sign(sign)), sign.len())
        } else if first.is_alphabetic() || first == '_' {
            let length = rest.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '.'))).unwrap_or(rest.len());
            (Some(TokenKind::Name(rest[..length].to_owned())), length)
        } else if first.is_ascii_digit() || first == '-' {
            let length = rest[1..].find(|c: char| !(c.is_ascii_digit() || c == '.')).map_or(rest.len(), |at| at + 1);
            (Some(TokenKind::Number(rest[..length].to_owned())), length)
        } else {
            return Err(Fault::unparsable(format!(
                "QueryParserError: Lexical error at line {line}, column {column}. Encountered: \"{first}\" ({}), after : \"\"",
                first as u32
            )));
        };
        if let Some(kind) = kind {
            tokens.push(Token { kind, line, column });
        }
        for c in rest[..length].chars() {
            (line, column) = if c == '\n' { (line + 1, 1) } else { (line, column + 1) };
        }
        rest = &rest[length..];
    }
    tokens.push(Token { kind: TokenKind::End, line, column });
    Ok(tokens)
}

/// Reads a quoted text at the start of `rest`. Returns the text and its length in the query.
fn text(rest: &str) -> Option<(String, usize)> {
    let mut text = String::new();
    let mut characters = rest.char_indices().skip(1);
    while let Some((at, c)) = characters.next() {
        match c {
            '\'' => return Some((text, at + 1)),
            '\\' => text.push(characters.next()?.1),
            c => text.push(c),
        }
    }
    None
}
