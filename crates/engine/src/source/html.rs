//! The text of a description that shops write in HTML: without tags, with its characters spelled out.
//!
//! Words in tags would be found by a search for them, and a person would have to read them. This knows no more of
//! HTML than where tags, comments, scripts and styles begin and end; what is no tag stays as it is.

use quick_xml::escape::resolve_html5_entity;

/// Elements whose content is no text.
const SILENT: [&str; 2] = ["script", "style"];

/// The text of `html`: tags are gone, those that end a line are one, entities are characters, blanks are single.
pub(super) fn text_of_html(html: &str) -> String {
    if !html.contains(['<', '&']) {
        return html.to_owned();
    }
    let mut text = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(next) = rest.find(['<', '&']) {
        let (before, from) = rest.split_at(next);
        text.push_str(before);
        rest = match tag(from) {
            Some((name, after)) => {
                if is_block(name) {
                    text.push('\n');
                }
                let is_silent = SILENT.iter().any(|silent| name.eq_ignore_ascii_case(silent));
                if is_silent { after_end_of(name, after) } else { after }
            }
            None => match entity(from) {
                Some((characters, after)) => {
                    text.push_str(&characters);
                    after
                }
                None => {
                    // A plain `<` or `&`, both of which are one byte.
                    let (sign, after) = from.split_at(1);
                    text.push_str(sign);
                    after
                }
            },
        };
    }
    text.push_str(rest);
    let lines = text.split('\n').map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

/// The name of the tag that `text` begins with (empty for a comment), and what follows the tag.
fn tag(text: &str) -> Option<(&str, &str)> {
    let inner = text.strip_prefix('<')?;
    if let Some(comment) = inner.strip_prefix("!--") {
        return Some(("", comment.split_once("-->").map_or("", |(_, after)| after)));
    }
    if !inner.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?')) {
        return None;
    }
    let end = end_of_tag(inner)?;
    let (inside, after) = (inner.get(..end)?, inner.get(end + 1..)?);
    let name = inside.trim_start_matches('/');
    Some((name.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default(), after))
}

/// Where the tag ends: at a `>` that is not in quotes, if there is one.
fn end_of_tag(inner: &str) -> Option<usize> {
    let mut quote = None;
    let is_end = |byte: u8| match (quote, byte) {
        (None, b'>') => true,
        (None, b'"' | b'\'') => {
            quote = Some(byte);
            false
        }
        (Some(open), _) if open == byte => {
            quote = None;
            false
        }
        _ => false,
    };
    // A quote that is never closed is none.
    inner.bytes().position(is_end).or_else(|| inner.find('>'))
}

fn after_end_of<'a>(name: &str, text: &'a str) -> &'a str {
    let mut rest = text;
    while let Some(at) = rest.find("</") {
        rest = rest.get(at..).unwrap_or_default();
        match tag(rest) {
            Some((end, after)) if end.eq_ignore_ascii_case(name) => return after,
            _ => rest = rest.get(2..).unwrap_or_default(),
        }
    }
    ""
}

fn is_block(name: &str) -> bool {
    const BLOCKS: [&str; 18] = [
        "p", "br", "div", "li", "ul", "ol", "tr", "table", "h1", "h2", "h3", "h4", "h5", "h6", "section",
        "dt", "dd", "hr",
    ];
    BLOCKS.iter().any(|block| name.eq_ignore_ascii_case(block))
}

/// What the entity that `text` begins with stands for, and what follows it.
fn entity(text: &str) -> Option<(String, &str)> {
    const LONGEST_NAME_BYTES: usize = 32;
    let inner = text.strip_prefix('&')?;
    let end = inner.find(';').filter(|end| *end <= LONGEST_NAME_BYTES)?;
    let (name, after) = (inner.get(..end)?, inner.get(end + 1..)?);
    let code = match name.strip_prefix('#') {
        Some(number) => match number.strip_prefix(['x', 'X']) {
            Some(hexadecimal) => u32::from_str_radix(hexadecimal, 16).ok(),
            None => number.parse().ok(),
        },
        None => return resolve_html5_entity(name).map(|characters| (characters.to_owned(), after)),
    };
    let character = char::from_u32(code?).filter(|c| !c.is_control())?;
    Some((character.to_string(), after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_go_and_characters_are_spelled_out() {
        let html = "<div class=\"a>b\"><P>Caf&eacute; &amp; <b>bar</b></P><ul><li>one</li>\n<li>two&#8364;</li></ul><br/>end";
        assert_eq!(text_of_html(html), "Café & bar\none\ntwo€\nend");
        assert_eq!(text_of_html("<p title=\"5' wide>a</p>"), "a");
        assert_eq!(
            text_of_html("<p>a</p><script>if (a < b) {}</script><!-- c --><style>p {}</STYLE>d"),
            "a\nd"
        );
        assert_eq!(text_of_html("5 < 6 & 7 > 3, R&D; &#0; <3"), "5 < 6 & 7 > 3, R&D; &#0; <3");
        assert_eq!(text_of_html("no  tags\nkept as is"), "no  tags\nkept as is");
        assert_eq!(text_of_html("<p>never closed <b"), "never closed <b");
        assert_eq!(text_of_html("a<script>swallowed"), "a");
    }
}
