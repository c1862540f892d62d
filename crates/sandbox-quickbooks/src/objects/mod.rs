//! Objects that are not sales: the rules that all writes share, and those of each kind of object.

pub(crate) mod account;
pub(crate) mod attachable;
pub(crate) mod company;
pub(crate) mod currencies;
pub(crate) mod draft;
pub(crate) mod item;
pub(crate) mod name;
pub(crate) mod simple_lists;
pub(crate) mod tax;
