//! The history on a record's page: changes, notes, activities and files, the newest first.

use super::{
    fields::format_value,
    format::{date, text},
    words::Words,
};
use crate::{company::Company, fields, history::Entry, records::Resource, users::User, writer::v1_time};
use jiff::{civil::DateTime, tz::TimeZone};
use serde_json::{Value, json};

/// An entry.
pub(super) struct Item {
    /// `note`, `activity`, `file` or `change`.
    pub(super) kind: &'static str,
    pub(super) id: i64,
    pub(super) head: String,
    /// Text of the entry, for a note without its HTML tags.
    pub(super) text: String,
    /// Time and author.
    pub(super) foot: String,
    pub(super) done: bool,
    time: String,
}

/// Converts a v1 time to the reader's time zone.
fn to_local_time(time: &str, reader: &User) -> String {
    let zoned = time.parse::<DateTime>().ok().and_then(|time| time.to_zoned(TimeZone::UTC).ok());
    zoned.map_or_else(
        || time.to_owned(),
        |time| time.with_time_zone(reader.timezone()).strftime("%Y-%m-%d %H:%M:%S").to_string(),
    )
}

/// Strips the tags of a note's HTML, because the page does not trust it.
fn strip_tags(html: &str) -> String {
    let spaced = html.replace("<br>", "\n").replace("<br/>", "\n").replace("</p>", "\n").replace("</li>", "\n");
    let mut plain = String::new();
    let mut inside = false;
    for c in spaced.chars() {
        match c {
            '<' => inside = true,
            '>' if inside => inside = false,
            c if !inside => plain.push(c),
            _ => {}
        }
    }
    plain
        .replace("&nbsp;", " ")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&amp;", "&")
        .trim()
        .to_owned()
}

/// Times that are set by another change, which has its own entry.
const DERIVED_TIMES: [&str; 5] = ["won_time", "lost_time", "close_time", "stage_change_time", "archive_time"];

pub(super) fn list_items(company: &Company, resource: Resource, id: i64, reader: &User, words: &Words) -> Vec<Item> {
    let author =
        |user: &Value| user.as_i64().and_then(|id| company.user(id)).map(|user| user.name.clone()).unwrap_or_default();
    let foot = |time: &str, user: &Value| format!("{} · {}", date(&to_local_time(time, reader), words), author(user));
    let attached = |kind: Resource| company.records.find_by(kind, resource.member(), id);
    let mut items: Vec<Item> = Vec::new();
    for (id, row) in attached(Resource::Note) {
        let time = text(&row["add_time"]);
        items.push(Item {
            kind: "note",
            id,
            head: words.note.into(),
            text: strip_tags(row["content"].as_str().unwrap_or_default()),
            foot: foot(&time, &row["user_id"]),
            done: false,
            time,
        });
    }
    for (id, row) in attached(Resource::Activity) {
        let time = v1_time(row["update_time"].as_str().unwrap_or_default());
        let due = row["due_date"].as_str().map(|day| format!("{} {}", words.due, date(day, words))).unwrap_or_default();
        items.push(Item {
            kind: "activity",
            id,
            head: text(&row["subject"]),
            text: [due, strip_tags(row["note"].as_str().unwrap_or_default())]
                .into_iter()
                .filter(|part| !part.is_empty())
                .collect::<Vec<_>>()
                .join("\n"),
            foot: foot(&time, &row["owner_id"]),
            done: row["done"] == json!(true),
            time,
        });
    }
    for (id, row) in attached(Resource::File) {
        let time = text(&row["add_time"]);
        items.push(Item {
            kind: "file",
            id,
            head: words.file.into(),
            text: text(&row["name"]),
            foot: foot(&time, &row["user_id"]),
            done: false,
            time,
        });
    }
    for entry in company.history.entries_of(resource, id).filter(|entry| !DERIVED_TIMES.contains(&entry.field.as_str()))
    {
        let source = if entry.source == "api" { format!(" · {}", words.through_api) } else { String::new() };
        items.push(Item {
            kind: "change",
            id: entry.id,
            head: describe_change(company, resource, entry, words),
            text: String::new(),
            foot: format!("{}{source}", foot(&entry.time, &json!(entry.user))),
            done: false,
            time: entry.time.clone(),
        });
    }
    items.sort_by(|a, b| b.time.cmp(&a.time));
    items
}

/// Describes a change: `Stage: changed from A to B`.
fn describe_change(company: &Company, resource: Resource, entry: &Entry, words: &Words) -> String {
    if entry.field == "add_time" {
        return words.created.to_owned();
    }
    let field = fields::find(company, resource, &entry.field).unwrap_or_default();
    let name = field["field_name"].as_str().unwrap_or(&entry.field);
    let kind = match entry.field.as_str() {
        "value" | "probability" => "double",
        "emails" | "phones" => "contacts",
        _ => field["field_type"].as_str().unwrap_or_default(),
    };
    let format_side = |value: &Value| {
        let text = match kind {
            "stage" => text(&company.records.linked(Resource::Stage, value)["name"]),
            "status" => status(value, words).to_owned(),
            _ => format_value(company, kind, &field["options"], value, words),
        };
        if text.is_empty() { format!("({})", words.empty) } else { text }
    };
    format!("{name}: {} {} {} {}", words.changed, format_side(&entry.old), words.to, format_side(&entry.new))
}

pub(super) fn status(value: &Value, words: &Words) -> &'static str {
    match value.as_str() {
        Some("won") => words.won,
        Some("lost") => words.lost,
        Some("deleted") => words.deleted,
        _ => words.open,
    }
}
