//! Expressions of DynamoDB, as far as they name keys.
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.KeyConditionExpressions.html>

/// A part of a key condition: the attribute, the value it is compared with, and whether they must be equal.
#[derive(Debug, PartialEq, Eq)]
pub struct Compared<'a> {
    pub attribute: &'a str,
    pub value: &'a str,
    pub is_equal: bool,
}

/// The comparisons of a key condition, in their order.
pub fn key_condition(text: &str) -> Vec<Compared<'_>> {
    let tokens = tokens(text);
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let rest = &tokens[at..];
        match rest {
            [function, "(", attribute, ",", value, ..]
                if function.eq_ignore_ascii_case("begins_with") =>
            {
                found.push(Compared { attribute, value, is_equal: false });
                at += 5;
            }
            [attribute, operator, value, ..] if is_name(attribute) && is_comparison(operator) => {
                found.push(Compared { attribute, value, is_equal: *operator == "=" });
                at += 3;
            }
            _ => at += 1,
        }
    }
    found
}

/// The attributes that `attribute_exists` and `attribute_not_exists` name.
pub fn exists(text: &str) -> Vec<&str> {
    let tokens = tokens(text);
    let named = tokens.windows(3).filter_map(|window| match window {
        ["attribute_exists" | "attribute_not_exists", "(", name] => Some(*name),
        _ => None,
    });
    named.collect()
}

fn is_comparison(token: &str) -> bool {
    matches!(token, "=" | "<" | "<=" | ">" | ">=") || token.eq_ignore_ascii_case("between")
}

fn is_name(token: &str) -> bool {
    token.starts_with(|first: char| first.is_alphabetic() || matches!(first, '#' | '_'))
        && !["and", "between", "begins_with"].iter().any(|word| token.eq_ignore_ascii_case(word))
}

fn tokens(text: &str) -> Vec<&str> {
    let is_word =
        |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '#' | ':' | '-' | '.');
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let end = if is_word(first) {
            rest.find(|letter| !is_word(letter)).unwrap_or(rest.len())
        } else if rest.starts_with("<=") || rest.starts_with(">=") {
            2
        } else {
            first.len_utf8()
        };
        let (token, after) = rest.split_at(end);
        found.push(token);
        rest = after.trim_start();
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<String> {
        let told = |one: Compared<'_>| {
            format!("{}{}{}", one.attribute, if one.is_equal { "=" } else { "~" }, one.value)
        };
        key_condition(text).into_iter().map(told).collect()
    }

    #[test]
    fn a_condition_names_its_keys_in_order() {
        assert_eq!(told("#pk = :pk AND begins_with(#sk, :p)"), ["#pk=:pk", "#sk~:p"]);
        assert_eq!(told("hero=:h and start between :a and :b"), ["hero=:h", "start~:a"]);
        assert_eq!(told("user_id = :u AND created_at >= :c"), ["user_id=:u", "created_at~:c"]);
        assert_eq!(told("part = :part AND idx = :idx"), ["part=:part", "idx=:idx"]);
        assert_eq!(told("= :x AND ("), Vec::<String>::new());
    }

    #[test]
    fn a_check_names_what_must_not_be_there() {
        assert_eq!(exists("attribute_not_exists(id) AND attribute_exists( #sk )"), ["id", "#sk"]);
        assert_eq!(exists("size(x) > :n"), Vec::<&str>::new());
    }
}
