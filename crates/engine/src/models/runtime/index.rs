//! Where a package index says that a file lies: PEP 503's page of links.
//!
//! Only an anchor's `href` is read. The digest that may stand in it is not: ours is pinned.

use url::Url;

/// The address of the project's page.
pub(super) fn page_of(index: &Url) -> Url {
    let mut page = index.clone();
    if let Ok(mut parts) = page.path_segments_mut() {
        parts.pop_if_empty().push("onnxruntime").push("");
    }
    page
}

/// Finds the link to `file` on `page`, which came from `base`.
pub(super) fn link(page: &str, base: &Url, file: &str) -> Option<Url> {
    page.split("href=").skip(1).find_map(|rest| {
        let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        let target = rest.get(1..)?.split(quote).next()?.replace("&amp;", "&");
        let mut url = base.join(&target).ok()?;
        url.set_fragment(None);
        let named = url.path_segments()?.next_back()? == file;
        (named && matches!(url.scheme(), "http" | "https")).then_some(url)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_found_by_its_files_name_wherever_it_points() {
        let base = page_of(&Url::parse("https://index.example/root/simple").unwrap());
        assert_eq!(base.as_str(), "https://index.example/root/simple/onnxruntime/");
        let page = r#"<a href="https://files.example/a/x-1.whl#sha256=00">x-1.whl</a>
            <a data-requires-python="&gt;=3.9" href='../../files/x-2.whl?a=1&amp;b=2'>x-2.whl</a>
            <a href="ftp://files.example/x-3.whl">x-3.whl</a> <a href=x-4.whl>x-4.whl</a>"#;
        let found = |file: &str| link(page, &base, file).map(String::from);
        assert_eq!(found("x-1.whl").as_deref(), Some("https://files.example/a/x-1.whl"));
        assert_eq!(found("x-2.whl").as_deref(), Some("https://index.example/root/files/x-2.whl?a=1&b=2"));
        assert_eq!(found("x-3.whl"), None);
        assert_eq!(found("x-4.whl"), None);
        assert_eq!(found("1.whl"), None);
    }
}
