//! Text and rules on pages, drawn from the top down.

use krilla::{
    Data, Document,
    color::rgb,
    geom::{PathBuilder, Point, Rect},
    metadata::Metadata,
    page::PageSettings,
    paint::Fill,
    text::{Font, GlyphId, KrillaGlyph},
};
use skrifa::{FontRef, MetadataProvider, instance::LocationRef, instance::Size};

pub(super) const MARGIN: f32 = 48.0;
pub(super) const BLACK: Color = [0x1B, 0x1F, 0x24];
pub(super) const GREY: Color = [0x5B, 0x64, 0x70];
pub(super) const ACCENT: Color = [0x2C, 0x5A, 0xA0];
pub(super) const RULE: Color = [0xDD, 0xE1, 0xE6];

type Color = [u8; 3];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Face {
    Regular,
    Bold,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Align {
    Left,
    Right,
}

/// An element of a page.
enum Mark {
    Text { x: f32, y: f32, text: String, face: Face, size: f32, color: Color },
    Box { left: f32, top: f32, right: f32, bottom: f32, color: Color },
}

/// Pages that are being drawn.
pub(super) struct Pages {
    size: (f32, f32),
    title: String,
    pages: Vec<Vec<Mark>>,
    y: f32,
}

fn bytes(face: Face) -> &'static [u8] {
    match face {
        Face::Regular => notosans::REGULAR_TTF,
        Face::Bold => notosans::BOLD_TTF,
    }
}

/// Returns the glyphs of a text and its width, both for a font size of one.
fn glyphs(text: &str, face: Face) -> (Vec<KrillaGlyph>, f32) {
    let Ok(font) = FontRef::new(bytes(face)) else { return (Vec::new(), 0.0) };
    let charmap = font.charmap();
    let metrics = font.glyph_metrics(Size::new(1.0), LocationRef::default());
    let mut width = 0.0;
    let glyphs = text
        .char_indices()
        .map(|(at, c)| {
            let id = charmap.map(c).unwrap_or_default();
            let advance = metrics.advance_width(id).unwrap_or_default();
            width += advance;
            KrillaGlyph {
                glyph_id: GlyphId::new(id.to_u32()),
                text_range: at..at + c.len_utf8(),
                x_advance: advance,
                x_offset: 0.0,
                y_offset: 0.0,
                y_advance: 0.0,
                location: None,
            }
        })
        .collect();
    (glyphs, width)
}

impl Pages {
    pub(super) fn new(size: (f32, f32), title: String) -> Self {
        Self { size, title, pages: vec![Vec::new()], y: MARGIN + 10.0 }
    }

    pub(super) fn width(&self) -> f32 {
        self.size.0
    }

    pub(super) fn y(&self) -> f32 {
        self.y
    }

    pub(super) fn move_to(&mut self, y: f32) {
        self.y = y;
    }

    pub(super) fn move_down(&mut self, by: f32) {
        self.y += by;
    }

    /// Starts a new page if less than `height` is left. Returns whether a page was started.
    pub(super) fn break_page_before(&mut self, height: f32) -> bool {
        let is_full = self.y + height > self.size.1 - MARGIN - 14.0;
        if is_full {
            self.pages.push(Vec::new());
            self.y = MARGIN + 10.0;
        }
        is_full
    }

    /// Starts a new page if a block of `height` would be split.
    pub(super) fn keep_together(&mut self, height: f32) {
        self.break_page_before(height);
    }

    fn add_mark(&mut self, mark: Mark) {
        if let Some(page) = self.pages.last_mut() {
            page.push(mark);
        }
    }

    /// Writes one line at the current height.
    pub(super) fn write_line(&mut self, x: f32, text: &str, face: Face, size: f32, color: Color, align: Align) {
        let x = if align == Align::Right { x - glyphs(text, face).1 * size } else { x };
        self.add_mark(Mark::Text { x, y: self.y, text: text.to_owned(), face, size, color });
    }

    /// Breaks a text into lines of a width.
    pub(super) fn wrap(&self, text: &str, face: Face, size: f32, width: f32) -> Vec<String> {
        let mut lines = Vec::new();
        for paragraph in text.lines() {
            let mut line = String::new();
            for word in paragraph.split(' ') {
                let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
                if line.is_empty() || glyphs(&longer, face).1 * size <= width {
                    line = longer;
                } else {
                    lines.push(std::mem::replace(&mut line, word.to_owned()));
                }
            }
            if !line.is_empty() {
                lines.push(line);
            }
        }
        lines
    }

    /// Fills a bar from the current height down.
    pub(super) fn fill_bar(&mut self, left: f32, right: f32, height: f32, color: Color) {
        self.add_mark(Mark::Box { left, top: self.y, right, bottom: self.y + height, color });
    }

    /// Draws a thin line slightly above the current height.
    pub(super) fn draw_rule(&mut self, left: f32, right: f32, color: Color) {
        self.add_mark(Mark::Box { left, top: self.y - 4.0, right, bottom: self.y - 3.3, color });
    }

    pub(super) fn finish(self) -> Result<Vec<u8>, String> {
        let mut document = Document::new();
        document.set_metadata(Metadata::new().title(self.title).creator("QuickBooks Online (simulated)".to_owned()));
        let font = |face| Font::new(Data::from(bytes(face)), 0).ok_or("the typeface cannot be read");
        let (regular, bold) = (font(Face::Regular)?, font(Face::Bold)?);
        let count = self.pages.len();
        for (at, marks) in self.pages.into_iter().enumerate() {
            let settings = PageSettings::from_wh(self.size.0, self.size.1).ok_or("a page without a size")?;
            let mut page = document.start_page_with(settings);
            let mut surface = page.surface();
            let number = format!("Page {} of {count}", at + 1);
            let width = glyphs(&number, Face::Regular).1 * 8.0;
            let footer = Mark::Text {
                x: self.size.0 - MARGIN - width,
                y: self.size.1 - MARGIN + 14.0,
                text: number,
                face: Face::Regular,
                size: 8.0,
                color: GREY,
            };
            for mark in marks.into_iter().chain([footer]) {
                let fill = |[red, green, blue]: Color| {
                    Some(Fill { paint: rgb::Color::new(red, green, blue).into(), ..Fill::default() })
                };
                match mark {
                    Mark::Text { x, y, text, face, size, color } => {
                        surface.set_fill(fill(color));
                        let font = if face == Face::Bold { &bold } else { &regular };
                        surface.draw_glyphs(
                            Point::from_xy(x, y),
                            &glyphs(&text, face).0,
                            font.clone(),
                            &text,
                            size,
                            false,
                        );
                    }
                    Mark::Box { left, top, right, bottom, color } => {
                        let mut path = PathBuilder::new();
                        if let Some(rect) = Rect::from_ltrb(left, top, right, bottom) {
                            path.push_rect(rect);
                        }
                        if let Some(path) = path.finish() {
                            surface.set_fill(fill(color));
                            surface.draw_path(&path);
                        }
                    }
                }
            }
        }
        document.finish().map_err(|error| format!("{error:?}"))
    }
}
