//! Keys, passwords, users and addresses: what tells who may come.
//!
//! Owns the reading and writing of their texts, and the type of what is never shown. Reads no file,
//! asks no socket and decides about no peer: text in, value out.

mod certificate;
mod flaw;
mod networks;
mod pair;
mod secret;
mod token;
mod users;
mod words;

pub use certificate::{Certificate, CertificateFault, is_open_to_others};
pub use flaw::Flaw;
pub use networks::{Gate, Network, NetworkFault, peer_address};
pub use pair::{KeyPair, PublicKey};
pub use secret::Secret;
pub use token::fresh_token;
pub use users::{NameFault, Users, UsersFault, hash_password, user_name, with_user, without_user};
pub use words::{holds_secret, is_variable, secret_places};
