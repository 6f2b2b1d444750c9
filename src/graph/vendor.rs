//! stand-in
use crate::model::Mac;
pub fn vendor(_mac: Mac) -> Option<&'static str> {
    None
}
