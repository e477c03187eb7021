//! IAM, S3 and `CloudFront` answer in XML without attributes that matter; here it becomes JSON.

use serde_json::{Map, Value};

/// What there is once or several times.
pub fn each(value: &Value) -> impl Iterator<Item = &Value> {
    let (one, several) = match value {
        Value::Null => (None, [].as_slice()),
        Value::Array(all) => (None, all.as_slice()),
        one => (Some(one), [].as_slice()),
    };
    one.into_iter().chain(several)
}

/// An element's children by name; a `member` list, and what comes several times, become arrays; text becomes a string.
pub fn to_json(text: &str) -> Value {
    let mut rest = text.trim_start();
    if rest.starts_with("<?") {
        rest = rest.split_once("?>").map_or("", |(_, rest)| rest);
    }
    children(&mut rest)
}

fn children(rest: &mut &str) -> Value {
    let (mut found, mut members, mut text) = (Map::new(), Vec::new(), String::new());
    let mut is_list = false;
    while let Some(start) = rest.find('<') {
        text += &rest[..start];
        let end = start + rest[start..].find('>').expect("a tag ends");
        let tag = &rest[start + 1..end];
        *rest = &rest[end + 1..];
        if tag.starts_with('/') {
            break;
        }
        let name = tag.trim_end_matches('/').split_whitespace().next().unwrap_or_default();
        let value = if tag.ends_with('/') { Value::Null } else { children(rest) };
        if name == "member" || name == "entry" {
            is_list = true;
            members.push(value);
        } else if let Some(before) = found.get_mut(name) {
            match before {
                Value::Array(all) => all.push(value),
                one => *one = Value::Array(vec![one.take(), value]),
            }
        } else {
            found.insert(name.to_owned(), value);
        }
    }
    match (is_list, found.is_empty()) {
        (true, _) => Value::Array(members),
        (false, false) => Value::Object(found),
        (false, true) if text.trim().is_empty() => Value::Null,
        (false, true) => Value::String(unescaped(text.trim())),
    }
}

fn unescaped(text: &str) -> String {
    let pairs = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")];
    pairs.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

#[test]
fn lists_and_texts_are_told_apart() {
    let text =
        "<?xml version='1.0'?><A x='y'><L><member><N>a&amp;b</N></member><member/></L><E></E></A>";
    let json = serde_json::json!({"A": {"L": [{"N": "a&b"}, null], "E": null}});
    assert_eq!(to_json(text), json);
    let several = to_json("<A><B>1</B><B>2</B><C>3</C></A>");
    let all = |name: &str| each(&several["A"][name]).cloned().collect::<Vec<_>>();
    assert_eq!((all("B").len(), all("C").len(), all("D").len()), (2, 1, 0));
}
