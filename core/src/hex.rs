//! Hexadecimal digits, eight at a time: every request brings dozens, and they are read for each.

/// Which letters are digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Letters {
    Small,
    SmallAndCapital,
}

/// A number as eight digits, with small letters.
#[must_use]
pub fn written(number: u32) -> [u8; 8] {
    let number = u64::from(number);
    let pairs = (number | number << 16) & 0x0000_ffff_0000_ffff;
    let bytes = (pairs | pairs << 8) & 0x00ff_00ff_00ff_00ff;
    text_of((bytes | bytes << 4) & (0x0f * ONES)).to_be_bytes()
}

/// One in each byte.
const ONES: u64 = 0x0101_0101_0101_0101;

/// 32 digits and nothing else.
#[inline(never)]
pub(crate) fn of_32(digits: &[u8], letters: Letters) -> Option<u128> {
    let (upper, lower) = digits.split_at_checked(16)?;
    Some(u128::from(of_16(upper, letters)?) << 64 | u128::from(of_16(lower, letters)?))
}

/// 16 digits and nothing else: numbers of 128 bits are slow here.
#[inline(never)]
pub(crate) fn of_16(digits: &[u8], letters: Letters) -> Option<u64> {
    let ([upper, lower], []) = digits.as_chunks() else { return None };
    Some(u64::from(of_8(*upper, letters)?) << 32 | u64::from(of_8(*lower, letters)?))
}

/// Eight digits. The value of one is in its lower four bits, and nine more where it is a letter, which the bit of 64 tells;
/// what is not written as its value would be is no digit.
#[inline(never)]
pub(crate) fn of_8(digits: [u8; 8], letters: Letters) -> Option<u32> {
    let given = u64::from_be_bytes(digits);
    let letter = given >> 6 & ONES;
    let text = match letters {
        Letters::Small => given,
        Letters::SmallAndCapital => given | letter << 5,
    };
    let values = (text & (0x0f * ONES)) + letter * 9;
    (text_of(values) == text && values & (0xf0 * ONES) == 0).then_some(())?;
    let bytes = (values | values >> 4) & 0x00ff_00ff_00ff_00ff;
    let pairs = (bytes | bytes >> 8) & 0x0000_ffff_0000_ffff;
    u32::try_from((pairs | pairs >> 16) & 0xffff_ffff).ok()
}

/// How eight values below 16 are written, one in each byte.
fn text_of(values: u64) -> u64 {
    let from_a = (values + 6 * ONES) >> 4 & ONES;
    values + u64::from(b'0') * ONES + from_a * u64::from(b'a' - 10 - b'0')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Digit by digit.
    fn read(digits: [u8; 8], letters: Letters) -> Option<u32> {
        digits.iter().try_fold(0, |number, digit| {
            let capital = digit.is_ascii_uppercase() && letters == Letters::Small;
            let value = char::from(*digit).to_digit(16).filter(|_| !capital)?;
            Some(number << 4 | value)
        })
    }

    #[test]
    fn every_byte_in_every_place_is_the_digit_that_it_is_or_none() {
        for letters in [Letters::Small, Letters::SmallAndCapital] {
            for (place, byte) in (0..8).flat_map(|place| (0..=u8::MAX).map(move |byte| (place, byte))) {
                let mut digits = *b"09af5be1";
                digits[place] = byte;
                assert_eq!(of_8(digits, letters), read(digits, letters), "{byte} at {place}");
            }
        }
    }

    proptest! {
        #[test]
        fn any_eight_bytes_are_the_number_that_they_are_or_none(digits: [u8; 8], number: u32) {
            for letters in [Letters::Small, Letters::SmallAndCapital] {
                prop_assert_eq!(of_8(digits, letters), read(digits, letters));
                prop_assert_eq!(of_8(written(number), letters), Some(number));
                let digits = String::from_utf8(written(number).to_vec()).unwrap();
                prop_assert_eq!(digits, format!("{number:08x}"));
            }
        }
    }

    #[test]
    fn only_as_many_digits_as_there_should_be_are_a_number() {
        assert_eq!(of_16(b"00f067aa0ba902b7", Letters::Small), Some(0x00f0_67aa_0ba9_02b7));
        assert_eq!(of_32(b"4bf92f3577b34da6A3CE929D0E0E4736", Letters::Small), None);
        let id = of_32(b"4bf92f3577b34da6A3CE929D0E0E4736", Letters::SmallAndCapital);
        assert_eq!(id, Some(0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736));
        for length in (0..40).filter(|length| *length != 16) {
            assert_eq!(of_16(&vec![b'1'; length], Letters::Small), None, "{length}");
        }
        for length in (0..40).filter(|length| *length != 32) {
            assert_eq!(of_32(&vec![b'1'; length], Letters::Small), None, "{length}");
        }
    }
}
