//! IP addresses and networks.
//!
//! PostgreSQL has types for them; MySQL and SQLite keep their text.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use bytes::Bytes;
use onepool_proto::{Format, Scalar};
use sqlx_core::decode::Decode;
use sqlx_core::encode::{Encode, IsNull};
use sqlx_core::error::BoxDynError;

use super::ValueError;
use super::cell::{Cell, utf8};
use super::delegate::{bind, read};
use crate::{Onepool, OnepoolArgumentBuffer, OnepoolValueRef};

// How PostgreSQL marks the family of an address.
const IPV4: u8 = 2;
const IPV6: u8 = 3;

/// An address with the number of bits that are its network's.
struct Inet {
    address: IpAddr,
    prefix: u8,
}

impl_type!(IpAddr => Inet, Ipv4Addr => Inet, Ipv6Addr => Inet);

impl Encode<'_, Onepool> for IpAddr {
    fn encode_by_ref(&self, buf: &mut OnepoolArgumentBuffer) -> Result<IsNull, BoxDynError> {
        let address = *self;
        let prefix = full_prefix(address);
        buf.put_with_sqlite(Inet { address, prefix }.into_scalar(), move || {
            Ok(address.to_string())
        });
        Ok(IsNull::No)
    }
}

impl Decode<'_, Onepool> for IpAddr {
    fn decode(value: OnepoolValueRef<'_>) -> Result<Self, BoxDynError> {
        let inet = Inet::read(&value)?;
        if inet.prefix != full_prefix(inet.address) {
            return Err(ValueError::range(
                format_args!("{}/{}", inet.address, inet.prefix),
                "IpAddr",
            )
            .into());
        }
        Ok(inet.address)
    }
}

macro_rules! impl_one_family {
    ($($rust:ty => $variant:ident, $name:literal);+ $(;)?) => {$(
        impl Encode<'_, Onepool> for $rust {
            fn encode_by_ref(
                &self,
                buf: &mut OnepoolArgumentBuffer,
            ) -> Result<IsNull, BoxDynError> {
                bind(IpAddr::$variant(*self), buf)
            }
        }

        impl Decode<'_, Onepool> for $rust {
            fn decode(value: OnepoolValueRef<'_>) -> Result<Self, BoxDynError> {
                match read::<IpAddr>(value)? {
                    IpAddr::$variant(address) => Ok(address),
                    other => Err(ValueError::range(other, $name).into()),
                }
            }
        }
    )+};
}

impl_one_family! {
    Ipv4Addr => V4, "Ipv4Addr";
    Ipv6Addr => V6, "Ipv6Addr";
}

fn full_prefix(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

impl Inet {
    fn into_scalar(self) -> Scalar {
        let address = match self.address {
            IpAddr::V4(address) => Bytes::copy_from_slice(&address.octets()),
            IpAddr::V6(address) => Bytes::copy_from_slice(&address.octets()),
        };
        Scalar::Inet {
            address,
            prefix: self.prefix,
        }
    }

    fn read(value: &OnepoolValueRef<'_>) -> Result<Self, BoxDynError> {
        match value.cell()? {
            Cell::Sqlite(cell) => Self::from_text(cell.text()?),
            Cell::Postgres(Format::Text, bytes) | Cell::MySql(_, bytes) => {
                Self::from_text(utf8(bytes)?)
            }
            Cell::Postgres(Format::Binary, bytes) => Ok(Self::from_postgres(bytes)?),
        }
    }

    /// Reads `address` or `address/prefix`.
    fn from_text(text: &str) -> Result<Self, BoxDynError> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address = address.parse()?;
        let prefix = match prefix {
            Some(prefix) => prefix.parse()?,
            None => full_prefix(address),
        };
        Ok(Self { address, prefix })
    }

    /// Reads family, prefix, whether it is a CIDR, the number of bytes, and the bytes.
    fn from_postgres(bytes: &[u8]) -> Result<Self, ValueError> {
        let address = match bytes {
            [IPV4, _, _, 4, address @ ..] => <[u8; 4]>::try_from(address).ok().map(IpAddr::from),
            [IPV6, _, _, 16, address @ ..] => <[u8; 16]>::try_from(address).ok().map(IpAddr::from),
            _ => None,
        };
        match (address, bytes) {
            (Some(address), [_, prefix, ..]) => Ok(Self {
                address,
                prefix: *prefix,
            }),
            _ => Err(ValueError::syntax("an INET", format!("{bytes:02x?}"))),
        }
    }
}

#[cfg(feature = "ipnetwork")]
mod network {
    use ipnetwork::IpNetwork;

    use super::{
        BoxDynError, Decode, Encode, Inet, IsNull, Onepool, OnepoolArgumentBuffer, OnepoolValueRef,
    };

    impl_type!(IpNetwork => Inet);

    impl Encode<'_, Onepool> for IpNetwork {
        fn encode_by_ref(&self, buf: &mut OnepoolArgumentBuffer) -> Result<IsNull, BoxDynError> {
            let network = *self;
            let inet = Inet {
                address: network.ip(),
                prefix: network.prefix(),
            };
            buf.put_with_sqlite(inet.into_scalar(), move || Ok(network.to_string()));
            Ok(IsNull::No)
        }
    }

    impl Decode<'_, Onepool> for IpNetwork {
        fn decode(value: OnepoolValueRef<'_>) -> Result<Self, BoxDynError> {
            let inet = Inet::read(&value)?;
            Ok(Self::new(inet.address, inet.prefix)?)
        }
    }
}
