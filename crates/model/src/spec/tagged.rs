//! Enums told apart by a `type` field, read without losing the place of an error.

/// Implements `Deserialize` for an enum that serialises with `#[serde(tag = "...")]`.
///
/// Serde's own reading of such enums collects the whole map first, after which an error inside no
/// longer knows where it stands. This one reads on from the same map whenever the tag comes
/// first, which the manifest reader sees to; otherwise (JSON with sorted keys) it collects too.
macro_rules! tagged {
    ($name:ident, $tag:literal, $what:literal, { $($wire:literal => $variant:ident : $type:ty => $make:expr),+ $(,)? }) => {
        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                #[derive(::serde::Deserialize)]
                enum Tag { $(#[serde(rename = $wire)] $variant),+ }

                fn read<'de, A: ::serde::de::MapAccess<'de>>(tag: &Tag, rest: A) -> Result<$name, A::Error> {
                    let rest = ::serde::de::value::MapAccessDeserializer::new(rest);
                    match tag {
                        $(Tag::$variant => <$type as ::serde::Deserialize>::deserialize(rest).map($make)),+
                    }
                }

                struct Tagged;
                impl<'de> ::serde::de::Visitor<'de> for Tagged {
                    type Value = $name;

                    fn expecting(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                        f.write_str($what)
                    }

                    fn visit_map<A: ::serde::de::MapAccess<'de>>(self, mut map: A) -> Result<$name, A::Error> {
                        use ::serde::de::{Error as _, IntoDeserializer as _};
                        let mut before = ::serde_json::Map::new();
                        while let Some(key) = map.next_key::<String>()? {
                            if key != $tag {
                                before.insert(key, map.next_value()?);
                                continue;
                            }
                            let tag = map.next_value::<Tag>()?;
                            if before.is_empty() {
                                return read(&tag, map);
                            }
                            while let Some(key) = map.next_key::<String>()? {
                                before.insert(key, map.next_value()?);
                            }
                            let rest = ::serde::de::value::MapDeserializer::new(
                                before.into_iter().map(|(key, value)| (key, value.into_deserializer())),
                            );
                            return read(&tag, rest).map_err(|error: ::serde_json::Error| A::Error::custom(error));
                        }
                        Err(A::Error::missing_field($tag))
                    }
                }
                deserializer.deserialize_map(Tagged)
            }
        }
    };
}
pub(crate) use tagged;

/// The fields of a variant that has none.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NoFields {}
