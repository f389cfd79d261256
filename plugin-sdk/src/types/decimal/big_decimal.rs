//! `bigdecimal::BigDecimal`.

use bigdecimal::BigDecimal;
use bigdecimal::num_bigint::{BigInt, Sign};
use onepool_proto::Scalar;
use sqlx_core::decode::Decode;
use sqlx_core::encode::{Encode, IsNull};
use sqlx_core::error::BoxDynError;

use super::numeric::Numeric;
use super::read::Written;
use crate::types::ValueError;
use crate::{Onepool, OnepoolArgumentBuffer, OnepoolValueRef};

const TARGET: &str = "bigdecimal::BigDecimal";

/// The most digits before the point and the most places after it that a NUMERIC has; what has
/// more is no use to any database, and may take gigabytes to write in full.
const MAX_INTEGER_DIGITS: i64 = 131_072;
const MAX_PLACES: i64 = i16::MAX as i64;

impl_type!(BigDecimal => Decimal);

impl Encode<'_, Onepool> for BigDecimal {
    fn encode_by_ref(&self, buf: &mut OnepoolArgumentBuffer) -> Result<IsNull, BoxDynError> {
        let places = self.fractional_digit_count();
        let integer_digits = i64::try_from(self.digits())?.saturating_sub(places);
        if integer_digits > MAX_INTEGER_DIGITS || places > MAX_PLACES {
            return Err(ValueError::range("a decimal of too many digits", "NUMERIC").into());
        }
        buf.put(Scalar::Decimal(self.to_plain_string()));
        Ok(IsNull::No)
    }
}

impl Decode<'_, Onepool> for BigDecimal {
    fn decode(value: OnepoolValueRef<'_>) -> Result<Self, BoxDynError> {
        match Written::of(&value)? {
            Written::Text(text) => Ok(text.parse()?),
            Written::Numeric(bytes) => Ok(from_numeric(&Numeric::from_binary(bytes, TARGET)?)?),
        }
    }
}

/// The number has as many places as its digits to base 10,000 need, not as many as are shown, as
/// with the direct driver: 1.50 is read as 1.5000, which equals it.
fn from_numeric(numeric: &Numeric) -> Result<BigDecimal, ValueError> {
    let Ok(count) = i64::try_from(numeric.digits.len()) else {
        return Err(ValueError::range("a NUMERIC of too many digits", TARGET));
    };
    if count == 0 {
        return Ok(BigDecimal::from(0));
    }
    let places = 4 * (count - i64::from(numeric.weight) - 1);
    let sign = if numeric.negative {
        Sign::Minus
    } else {
        Sign::Plus
    };
    // Two digits to base 100 for each to base 10,000; a radix of more than 256 is not taken.
    let hundreds = numeric
        .digits
        .iter()
        .flat_map(|digit| [digit / 100, digit % 100]);
    let hundreds: Vec<u8> = hundreds
        .filter_map(|part| u8::try_from(part).ok())
        .collect();
    let integer = BigInt::from_radix_be(sign, &hundreds, 100)
        .ok_or_else(|| ValueError::range("a digit of a NUMERIC", TARGET))?;
    Ok(BigDecimal::new(integer, places))
}
