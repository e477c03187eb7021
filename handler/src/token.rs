//! `nextToken`: where a list goes on. Opaque to the client, and of use to one user alone.
//!
//! A token holds the sort key of the last item that was given, behind the first half of a SHA-256 over the user and that
//! key. The partition key is never taken from it but always from the request, so no token, not even a forged one, reads
//! another user's items: at worst it starts the forger's own list elsewhere. The digest is what tells a token of another
//! user, a cut one or a mistyped one from ours, so that it is refused instead of silently giving the wrong page. It is
//! not a signature, for the function holds no secret to sign with.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};

use crate::{
    caller::UserId,
    values::{ItemId, Refusal},
};

const DIGEST_BYTES: usize = 16;

/// The token with which the user's list goes on behind the item.
pub fn seal(user: &UserId, item: &str) -> String {
    let mut bytes = digest(user, item).to_vec();
    bytes.extend_from_slice(item.as_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The item behind which the list goes on, if the token was made for this user.
pub fn open(user: &UserId, token: &str) -> Result<ItemId, Refusal> {
    unseal(user, token).ok_or_else(|| Refusal::bad_request("Invalid nextToken parameter"))
}

fn unseal(user: &UserId, token: &str) -> Option<ItemId> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    let (found, item) = bytes.split_first_chunk()?;
    let item = str::from_utf8(item).ok()?;
    if *found != digest(user, item) {
        return None;
    }
    ItemId::new(item).ok()
}

fn digest(user: &UserId, item: &str) -> [u8; DIGEST_BYTES] {
    let mut hasher = Sha256::new();
    hasher.update(b"nextToken 1");
    // The length keeps ("ab", "c") and ("a", "bc") apart.
    hasher.update(user.as_str().len().to_be_bytes());
    hasher.update(user.as_str());
    hasher.update(item);
    let whole: [u8; 32] = hasher.finalize().into();
    std::array::from_fn(|index| whole[index])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::caller::tests::user;

    #[test]
    fn a_token_opens_for_the_user_it_was_made_for() {
        let token = seal(&user("alice"), "item-1");
        assert_eq!(open(&user("alice"), &token), ItemId::new("item-1"));
    }

    #[test]
    fn a_token_of_another_user_is_refused() {
        let token = seal(&user("alice"), "item-1");
        for name in ["bob", "alic", "alicei", "Alice"] {
            assert!(open(&user(name), &token).is_err(), "{name}");
        }
    }

    #[test]
    fn a_token_does_not_slide_between_user_and_item() {
        let token = seal(&user("ab"), "c");
        assert!(open(&user("a"), &token).is_err());
    }

    #[test]
    fn a_token_changed_in_any_character_is_refused() {
        let token = seal(&user("alice"), "item-1");
        for index in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[index] = if changed[index] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).expect("the token is ASCII");
            assert!(open(&user("alice"), &changed).is_err(), "{changed}");
            assert!(open(&user("alice"), &token[..index]).is_err());
        }
    }

    #[test]
    fn a_token_needs_no_escape_in_a_url() {
        let token = seal(&user("alice"), "item ü?&=/");
        assert!(token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
    }
}
