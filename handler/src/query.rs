//! The query string, parsed from its raw form: API Gateway's own parsing joins repeated keys with a comma, which cannot be undone.

use crate::values::{ItemId, Refusal};

/// The parameters of a query string, in the order they came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Parses `a=1&b=2`, with `%XX` and `+` decoded. Broken escapes and bytes that are not UTF-8 are refused.
    pub fn parse(raw: &str) -> Result<Self, Refusal> {
        raw.split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                Some((decode(name)?, decode(value)?))
            })
            .collect::<Option<_>>()
            .map(Self)
            .ok_or_else(|| Refusal::bad_request("Malformed query string"))
    }

    /// The one value of a parameter. A parameter given twice is refused: which of the two was meant is not ours to guess.
    pub fn get(&self, name: &str) -> Result<Option<&str>, Refusal> {
        let mut values = self.0.iter().filter(|(key, _)| key == name);
        match (values.next(), values.next()) {
            (Some(_), Some(_)) => Err(Refusal::bad_request(format!("Repeated {name} parameter"))),
            (value, _) => Ok(value.map(|(_, value)| value.as_str())),
        }
    }

    /// Whether the parameter is there, once or more often.
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(key, _)| key == name)
    }

    /// Which item is asked for: `itemId`, where one must be named.
    pub fn item(&self) -> Result<ItemId, Refusal> {
        ItemId::new(self.get("itemId")?.unwrap_or_default())
    }
}

fn decode(text: &str) -> Option<String> {
    decoded(text, b' ')
}

/// A segment of a path, in which a plus sign is one.
pub(crate) fn decode_path(text: &str) -> Option<String> {
    decoded(text, b'+')
}

fn decoded(text: &str, plus: u8) -> Option<String> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'+' => plus,
            b'%' => hexadecimal(bytes.next()?)? * 16 + hexadecimal(bytes.next()?)?,
            plain => plain,
        });
    }
    String::from_utf8(decoded).ok()
}

fn hexadecimal(digit: u8) -> Option<u8> {
    let value = char::from(digit).to_digit(16)?;
    u8::try_from(value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(raw: &str, name: &str) -> Option<String> {
        let query = Query::parse(raw).expect("the query is well formed");
        let value = query.get(name).expect("the parameter comes once");
        value.map(String::from)
    }

    #[test]
    fn escapes_and_plus_signs_are_decoded() {
        assert_eq!(value("userId=a%20b+c%2Bd%C3%A9", "userId"), Some("a b c+dé".into()));
        assert_eq!(value("%75serId=a", "userId"), Some("a".into()));
    }

    #[test]
    fn a_value_may_hold_equals_signs_or_nothing() {
        assert_eq!(value("userId=a=b", "userId"), Some("a=b".into()));
        assert_eq!(value("userId=", "userId"), Some(String::new()));
        assert_eq!(value("userId", "userId"), Some(String::new()));
        assert_eq!(value("&&a=1&", "userId"), None);
        assert_eq!(value("", "userId"), None);
    }

    #[test]
    fn broken_escapes_and_bytes_that_are_not_utf_8_are_refused() {
        for raw in ["userId=%", "userId=%2", "userId=%zz", "userId=%+1", "userId=%FF", "%C3=a"] {
            assert_eq!(Query::parse(raw).map_err(|refusal| refusal.status), Err(400), "{raw}");
        }
    }

    #[test]
    fn a_repeated_parameter_is_refused_only_where_it_matters() {
        let query =
            Query::parse("userId=a&tag=1&tag=2&userId=a").expect("the query is well formed");
        assert_eq!(query.get("userId").map_err(|refusal| refusal.status), Err(400));
        assert_eq!(query.get("limit"), Ok(None));
    }
}
