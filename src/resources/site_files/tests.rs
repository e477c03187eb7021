use super::*;
use crate::site::Local;

fn local(md5: &str, hashed: bool) -> Local {
    Local {
        place: "x".into(),
        size: 1,
        md5: md5.into(),
        sha256: String::new(),
        content_type: "text/plain",
        cache_control: "no-cache".into(),
        hashed,
    }
}

fn listed(etag: &str) -> Listed {
    Listed { key: String::new(), etag: etag.into(), size: 1, modified: String::new() }
}

#[test]
fn what_differs_is_uploaded_and_what_is_named_by_content_stays() {
    let all = [
        ("index.html", local("new", false)),
        ("same.txt", local("same", false)),
        ("assets/index-AbC12345.js", local("a", true)),
    ];
    let all = all.map(|(path, file)| (path.to_owned(), file)).into();
    let files = Files { all, id: "r".into() };
    let served = [
        ("index.html", "old"),
        ("same.txt", "same"),
        ("gone.txt", "x"),
        ("assets/index-OlD12345.js", "x"),
    ];
    let served = served.map(|(path, etag)| (path.to_owned(), listed(etag))).into();
    let mut remote = Remote { served, ..Remote::default() };
    let work = Work::of(&files, &remote);
    assert_eq!(work.put, ["assets/index-AbC12345.js", "index.html"]);
    assert_eq!(work.remove, ["gone.txt"]);
    assert!(work.clash.is_empty());
    let there = listed("other");
    remote.served.insert("assets/index-AbC12345.js".into(), there);
    let work = Work::of(&files, &remote);
    assert_eq!(work.clash, ["assets/index-AbC12345.js"]);
    assert!(work.differences(&files, &remote)[0].refusal.is_some());
}
