//! QuickBooks' query language: `select * from Customer where DisplayName like 'A%' orderby Id maxresults 10`.

mod accents;
mod parse;
mod run;
mod syntax;
mod tokens;

pub(crate) use run::answer;
