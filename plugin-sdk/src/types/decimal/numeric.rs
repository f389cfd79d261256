//! PostgreSQL's binary NUMERIC.
//!
//! ```text
//! numeric = count weight sign scale digit[0] .. digit[count-1]     each 16 bits, big-endian
//! ```
//! The digits are to base 10,000, most significant first, and digit `i` counts 10,000 to the power
//! of `weight - i`. Zeros at both ends are left out, so zero has no digits. `scale` is how many
//! decimal places are shown. Signs above 0x4000 mark NaN and the infinities.

use crate::types::ValueError;

const POSITIVE: u16 = 0x0000;
const NEGATIVE: u16 = 0x4000;
const NAN: u16 = 0xc000;
const POSITIVE_INFINITY: u16 = 0xd000;
const NEGATIVE_INFINITY: u16 = 0xf000;

/// A finite NUMERIC.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Numeric {
    pub(super) negative: bool,
    pub(super) weight: i16,
    pub(super) scale: u16,
    // Invariant: each is less than 10,000.
    pub(super) digits: Vec<u16>,
}

impl Numeric {
    /// Reads a NUMERIC into the type named `target`, which has no NaN and no infinities.
    pub(super) fn from_binary(bytes: &[u8], target: &'static str) -> Result<Self, ValueError> {
        let (words, rest) = bytes.as_chunks::<2>();
        let words: Vec<u16> = words.iter().map(|word| u16::from_be_bytes(*word)).collect();
        let length = ValueError::Length {
            what: "a NUMERIC",
            expected: "8, and 2 for each digit,",
            got: bytes.len(),
        };
        let [count, weight, sign, scale, digits @ ..] = words.as_slice() else {
            return Err(length);
        };
        if digits.len() != usize::from(*count) || !rest.is_empty() {
            return Err(length);
        }
        let negative = match *sign {
            POSITIVE => false,
            NEGATIVE => true,
            NAN => return Err(ValueError::range("NaN", target)),
            POSITIVE_INFINITY => return Err(ValueError::range("Infinity", target)),
            NEGATIVE_INFINITY => return Err(ValueError::range("-Infinity", target)),
            other => {
                return Err(ValueError::syntax(
                    "the sign of a NUMERIC",
                    other.to_string(),
                ));
            }
        };
        if let Some(digit) = digits.iter().find(|digit| **digit >= 10_000) {
            return Err(ValueError::syntax(
                "a digit of a NUMERIC",
                digit.to_string(),
            ));
        }
        Ok(Self {
            negative,
            weight: weight.cast_signed(),
            scale: *scale,
            digits: digits.to_vec(),
        })
    }

    /// The digits, each with the power of 10,000 that it counts.
    #[cfg(feature = "rust_decimal")]
    pub(super) fn powers(&self) -> impl Iterator<Item = (u16, i32)> {
        let powers = (0..).map(|index: i32| i32::from(self.weight) - index);
        self.digits.iter().copied().zip(powers)
    }
}
