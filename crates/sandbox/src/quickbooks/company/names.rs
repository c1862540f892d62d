//! Which names and document numbers are taken: an index, so that a company with a hundred thousand rows stays quick.

use super::{
    keys::{Key, properties},
    table::Id,
};
use crate::quickbooks::entity::{Entity, Series};
use std::collections::HashMap;

/// A name in its space.
type Name = (Series, Box<str>);
/// Who has it.
type Owner = (Entity, Id);

/// Live rows by name.
#[derive(Debug, Default)]
pub(super) struct Names(HashMap<Name, Vec<Owner>>);

/// Names of one space exclude each other; document numbers are counted by form.
fn space(entity: Entity) -> Series {
    if entity.is_transaction() { Series::Own(entity) } else { entity.series() }
}

fn name_in(entity: Entity, keys: &[Key]) -> Option<&str> {
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
        if let Some(name) = name_in(entity, keys) {
            let owners = self.0.entry((space(entity), name.into())).or_default();
            if !owners.iter().any(|owner| owner == &(entity, id.clone())) {
                owners.push((entity, id.clone()));
            }
        }
    }

    /// Forgets the name that a row had, unless it has it still.
    pub(super) fn remove(&mut self, entity: Entity, id: &Id, before: &[Key], after: Option<&[Key]>) {
        let Some(name) = name_in(entity, before) else { return };
        if after.and_then(|after| name_in(entity, after)) == Some(name) {
            return;
        }
        let key = (space(entity), Box::from(name));
        if let Some(owners) = self.0.get_mut(&key) {
            owners.retain(|owner| owner != &(entity, id.clone()));
            if owners.is_empty() {
                self.0.remove(&key);
            }
        }
    }

    pub(super) fn find(&self, entity: Entity, name: &str) -> Vec<(Entity, String)> {
        let key = (space(entity), Box::from(name.trim().to_lowercase()));
        self.0.get(&key).into_iter().flatten().map(|(entity, id)| (*entity, id.to_string())).collect()
    }
}
