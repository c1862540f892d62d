//! The built-in fields of every company: name, code, type.

use crate::records::Resource;

type Field = (&'static str, &'static str, &'static str);

const DEAL_FIELDS: [Field; 27] = [
    ("ID", "id", "int"),
    ("Title", "title", "varchar"),
    ("Value", "value", "monetary"),
    ("Currency", "currency", "varchar"),
    ("Organization", "org_id", "org"),
    ("Contact person", "person_id", "people"),
    ("Owner", "owner_id", "user"),
    ("Creator", "creator_user_id", "user"),
    ("Pipeline", "pipeline_id", "int"),
    ("Stage", "stage_id", "stage"),
    ("Status", "status", "status"),
    ("Probability", "probability", "int"),
    ("Lost reason", "lost_reason", "varchar_options"),
    ("Expected close date", "expected_close_date", "date"),
    ("Labels", "label_ids", "set"),
    ("Visible to", "visible_to", "visible_to"),
    ("Archived", "is_archived", "boolean"),
    ("Deal created", "add_time", "date"),
    ("Update time", "update_time", "date"),
    ("Last stage change", "stage_change_time", "date"),
    ("Won time", "won_time", "date"),
    ("Lost time", "lost_time", "date"),
    ("Deal closed on", "close_time", "date"),
    ("Archive time", "archive_time", "date"),
    ("Origin", "origin", "varchar"),
    ("Source channel", "channel", "enum"),
    ("Source channel ID", "channel_id", "varchar"),
];

const PERSON_FIELDS: [Field; 17] = [
    ("ID", "id", "int"),
    ("Name", "name", "varchar"),
    ("First name", "first_name", "varchar"),
    ("Last name", "last_name", "varchar"),
    ("Email", "email", "varchar"),
    ("Phone", "phone", "phone"),
    ("Organization", "org_id", "org"),
    ("Owner", "owner_id", "user"),
    ("Labels", "label_ids", "set"),
    ("Visible to", "visible_to", "visible_to"),
    ("Person created", "add_time", "date"),
    ("Update time", "update_time", "date"),
    ("Job title", "job_title", "varchar"),
    ("Birthday", "birthday", "date"),
    ("Postal address", "postal_address", "address"),
    ("Instant messenger", "im", "varchar"),
    ("Marketing status", "marketing_status", "enum"),
];

const ORGANIZATION_FIELDS: [Field; 8] = [
    ("ID", "id", "int"),
    ("Name", "name", "varchar"),
    ("Address", "address", "address"),
    ("Owner", "owner_id", "user"),
    ("Labels", "label_ids", "set"),
    ("Visible to", "visible_to", "visible_to"),
    ("Organization created", "add_time", "date"),
    ("Update time", "update_time", "date"),
];

const PRODUCT_FIELDS: [Field; 11] = [
    ("ID", "id", "int"),
    ("Name", "name", "varchar"),
    ("Product code", "code", "varchar"),
    ("Description", "description", "text"),
    ("Unit", "unit", "varchar"),
    ("Tax", "tax", "double"),
    ("Category", "category", "enum"),
    ("Owner", "owner_id", "user"),
    ("Visible to", "visible_to", "visible_to"),
    ("Product created", "add_time", "date"),
    ("Update time", "update_time", "date"),
];

const ACTIVITY_FIELDS: [Field; 16] = [
    ("ID", "id", "int"),
    ("Subject", "subject", "varchar"),
    ("Type", "type", "enum"),
    ("Done", "done", "boolean"),
    ("Due date", "due_date", "date"),
    ("Due time", "due_time", "time"),
    ("Duration", "duration", "time"),
    ("Assigned to user", "owner_id", "user"),
    ("Deal", "deal_id", "deal"),
    ("Contact person", "person_id", "people"),
    ("Organization", "org_id", "org"),
    ("Note", "note", "text"),
    ("Public description", "public_description", "text"),
    ("Location", "location", "address"),
    ("Busy", "busy", "boolean"),
    ("Add time", "add_time", "date"),
];

/// Returns the built-in fields of a kind of record.
pub(super) fn list(resource: Resource) -> &'static [Field] {
    match resource {
        Resource::Person => &PERSON_FIELDS,
        Resource::Organization => &ORGANIZATION_FIELDS,
        Resource::Product => &PRODUCT_FIELDS,
        Resource::Activity => &ACTIVITY_FIELDS,
        _ => &DEAL_FIELDS,
    }
}

/// Translates the name of a built-in field. A company's fields are named in the language of its sign-up.
pub(super) fn translate_to_portuguese(name: &str) -> &str {
    match name {
        "Name" => "Nome",
        "First name" => "Primeiro nome",
        "Last name" => "Sobrenome",
        "Address" => "Endereço",
        "Postal address" => "Endereço postal",
        "Email" => "E-mail",
        "Phone" => "Telefone",
        "Title" => "Título",
        "Value" => "Valor",
        "Currency" => "Moeda",
        "Organization" => "Organização",
        "Contact person" => "Pessoa de contato",
        "Owner" => "Proprietário",
        "Stage" => "Etapa",
        "Job title" => "Cargo",
        "Birthday" => "Aniversário",
        "Labels" => "Etiquetas",
        "Lost reason" => "Motivo da perda",
        "Expected close date" => "Data de fechamento esperada",
        "Product code" => "Código do produto",
        "Description" => "Descrição",
        "Unit" => "Unidade",
        "Tax" => "Imposto",
        "Category" => "Categoria",
        other => other,
    }
}
