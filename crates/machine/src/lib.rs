//! This machine: its files and its programs, used so that neither another user nor a hostile project can turn it
//! against the user.

mod child;
mod disk;
mod echo;
mod private;

pub use child::without_secrets;
pub use disk::{free_space, read, read_text, replace, replace_private};
pub use echo::Unseen;
pub use private::{check_private, make_private};
