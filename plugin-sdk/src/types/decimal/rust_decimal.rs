//! `rust_decimal::Decimal`.

use onepool_proto::Scalar;
use rust_decimal::Decimal;
use sqlx_core::decode::Decode;
use sqlx_core::encode::{Encode, IsNull};
use sqlx_core::error::BoxDynError;

use super::numeric::Numeric;
use super::read::Written;
use crate::types::ValueError;
use crate::{Onepool, OnepoolArgumentBuffer, OnepoolValueRef};

const TARGET: &str = "rust_decimal::Decimal";

impl_type!(Decimal => Decimal);

impl Encode<'_, Onepool> for Decimal {
    fn encode_by_ref(&self, buf: &mut OnepoolArgumentBuffer) -> Result<IsNull, BoxDynError> {
        buf.put(Scalar::Decimal(self.to_string()));
        Ok(IsNull::No)
    }
}

impl Decode<'_, Onepool> for Decimal {
    fn decode(value: OnepoolValueRef<'_>) -> Result<Self, BoxDynError> {
        match Written::of(&value)? {
            Written::Text(text) => Ok(text.parse()?),
            Written::Numeric(bytes) => Ok(from_numeric(&Numeric::from_binary(bytes, TARGET)?)?),
        }
    }
}

/// The digits are summed as decimals, which rounds what has more than 28 places in the same way
/// as the direct driver.
fn from_numeric(numeric: &Numeric) -> Result<Decimal, ValueError> {
    let too_large = || ValueError::range("a NUMERIC of too many digits", TARGET);
    if numeric.digits.is_empty() {
        return Ok(Decimal::ZERO);
    }
    let mut sum = Decimal::ZERO;
    for (digit, power) in numeric.powers() {
        let counted = counted(digit, power).ok_or_else(too_large)?;
        sum = sum.checked_add(counted).ok_or_else(too_large)?;
    }
    sum.set_sign_negative(numeric.negative);
    sum.rescale(numeric.scale.into());
    Ok(sum)
}

/// `digit` times 10,000 to the power of `power`.
fn counted(digit: u16, power: i32) -> Option<Decimal> {
    let power = 4_i32.checked_mul(power)?;
    let places = u32::try_from(power.checked_neg()?).unwrap_or(0);
    let factor = 10_i128.checked_pow(u32::try_from(power).unwrap_or(0))?;
    let mantissa = i128::from(digit).checked_mul(factor)?;
    Decimal::try_from_i128_with_scale(mantissa, places).ok()
}
