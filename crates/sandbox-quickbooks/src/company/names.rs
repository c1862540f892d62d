//! An index of names and document numbers, so that a check for duplicates is fast in a company of 100,000 rows.

use super::{
    id::Id,
    keys::{Key, properties},
};
use crate::entity::{Entity, Series};
use std::collections::HashMap;

/// A name in its name space.
type Name = (Series, Box<str>);
/// A row with the name.
type Owner = (Entity, Id);

/// Live rows by name.
#[derive(Debug, Default)]
pub(super) struct Names(HashMap<Name, Vec<Owner>>);

/// Returns the space in which names must be unique. Document numbers are unique among forms of one kind.
fn name_space(entity: Entity) -> Series {
    if entity.is_transaction() { Series::Own(entity) } else { entity.series() }
}

fn indexed_name(entity: Entity, keys: &[Key]) -> Option<&str> {
    let path = match entity {
        Entity::Item | Entity::Account | Entity::Class | Entity::Department => "FullyQualifiedName",
        _ if entity.is_sales_form() => "DocNumber",
        _ => entity.name_member()?,
    };
    let at = properties(entity).iter().position(|property| property.path == path)?;
    match keys.get(at)? {
        Key::Text(text) => Some(text),
        _ => None,
    }
}

impl Names {
    pub(super) fn add(&mut self, entity: Entity, id: &Id, keys: &[Key]) {
        if let Some(name) = indexed_name(entity, keys) {
            let owners = self.0.entry((name_space(entity), name.into())).or_default();
            if !owners.iter().any(|owner| owner == &(entity, id.clone())) {
                owners.push((entity, id.clone()));
            }
        }
    }

    /// Removes the previous name of a row, unless the row still has it.
    pub(super) fn remove(&mut self, entity: Entity, id: &Id, before: &[Key], after: Option<&[Key]>) {
        let Some(name) = indexed_name(entity, before) else { return };
        if after.and_then(|after| indexed_name(entity, after)) == Some(name) {
            return;
        }
        let key = (name_space(entity), Box::from(name));
        if let Some(owners) = self.0.get_mut(&key) {
            owners.retain(|owner| owner != &(entity, id.clone()));
            if owners.is_empty() {
                self.0.remove(&key);
            }
        }
    }

    pub(super) fn find(&self, entity: Entity, name: &str) -> Vec<(Entity, String)> {
        let key = (name_space(entity), Box::from(name.trim().to_lowercase()));
        self.0.get(&key).into_iter().flatten().map(|(entity, id)| (*entity, id.to_string())).collect()
    }
}
