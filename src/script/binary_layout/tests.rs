use proptest::prelude::*;

use crate::script::trial::{said, said_of, table};

#[test]
fn values_are_laid_out() {
    table(&[
        ("pack(\"<IHb\", [1, 2, -1]).to_hex()", "010000000200ff"),
        ("pack(\">IHb\", [1, 2, -1]).to_hex()", "000000010002ff"),
        ("pack(\"!q\", [-2]).to_hex()", "fffffffffffffffe"),
        ("pack(\"<2h x ?\", [1, 2, true]).to_hex()", "010002000001"),
        ("pack(\"4s3s\", [\"abcdef\", blob(1, 7)]).to_hex()", "61626364070000"),
        (
            "pack(\"5p\", [\"abcdef\"]).to_hex() + pack(\"0s0p\", [\"a\", \"b\"]).to_hex()",
            "0461626364",
        ),
        ("pack(\"c\", [\"a\"])", "a"),
        ("pack(\"<efd\", [1.5, 1.5, 1]).to_hex()", "003e0000c03f000000000000f03f"),
        ("pack(\">Q\", [parse_json(\"18446744073709551615\")]).to_hex()", "ffffffffffffffff"),
        // As C lays it out on the machines that this is for.
        (
            "`${pack(\"bil\", [1, 2, 3]).len()} ${pack(\"@bh0i\", [1, 2]).len()} ${pack(\"=bil\", [1, 2, 3]).len()}`",
            "16 4 9",
        ),
        ("`${unpack(\"<IHb\", from_hex(\"010000000200ff\"))}`", "[1, 2, -1]"),
        ("`${unpack(\">Q\", from_hex(\"ffffffffffffffff\"))}`", "[18446744073709551615]"),
        (
            "`${unpack(\"<2s3px?c\", from_hex(\"6162026364000165\"))}`",
            "[[6162], [6364], true, [65]]",
        ),
        ("`${unpack(\"<efd\", pack(\"<efd\", [0.5, -1.5, 1e300]))}`", "[0.5, -1.5, 1e300]"),
        ("`${unpack(\"\", \"\")}`", "[]"),
    ]);
}

#[test]
fn what_does_not_fit_is_said() {
    table(&[
        (
            "pack(\"<z\", [1])",
            "failed: \"<z\" is no format of a layout: 'z' stands for nothing; there are x c b B ? h H i I l L q Q n N e f d s p P",
        ),
        (
            "pack(\"<n\", [1])",
            "failed: \"<n\" is no format of a layout: 'n' stands in native formats only, `@`",
        ),
        (
            "pack(\"<3\", [1])",
            "failed: \"<3\" is no format of a layout: a count has no letter behind it",
        ),
        (
            "pack(\"3 i\", [1])",
            "failed: \"3 i\" is no format of a layout: a count stands right before its letter",
        ),
        (
            "unpack(\"99999999999999999999i\", \"\")",
            "failed: \"99999999999999999999i\" is no format of a layout: its counts are too large",
        ),
        (
            "unpack(\"9999999999999999999i\", \"\")",
            "failed: \"9999999999999999999i\" is no format of a layout: its counts are too large",
        ),
        (
            "pack(\"<>i\", [1])",
            "failed: \"<>i\" is no format of a layout: '>' stands for nothing; there are x c b B ? h H i I l L q Q n N e f d s p P",
        ),
        ("pack(\"<IH\", [1])", "failed: the format \"<IH\" takes 2 values; there are 1"),
        ("unpack(\"<IH\", \"abc\")", "failed: the format \"<IH\" is 6 bytes long; the blob has 3"),
        ("pack(\"b\", [128])", "failed: 128 is outside -128 to 127, which 1 byte hold"),
        (
            "pack(\"<Q\", [-1])",
            "failed: -1 is outside 0 to 18446744073709551615, which 8 bytes hold",
        ),
        (
            "pack(\"<Q\", [parse_json(\"18446744073709551616\")])",
            "failed: 18446744073709551616 is outside 0 to 18446744073709551615, which 8 bytes hold",
        ),
        ("pack(\"i\", [1.5])", "failed: an integer of 4 bytes is asked for; this is a float"),
        ("pack(\"f\", [\"1\"])", "failed: a float is asked for; this is a text"),
        ("pack(\"<e\", [1e6])", "failed: 1000000.0 is too large for a float of 2 bytes"),
        ("pack(\"?\", [1])", "failed: \"?\" takes a boolean; this is a number"),
        ("pack(\"c\", [\"ab\"])", "failed: \"c\" is one byte; there are 2"),
        ("pack(\"s\", [1])", "failed: pack takes a blob or a text; this is a number"),
        ("pack(\"i\", 1)", "failed: pack takes an array; this is a number"),
    ]);
}

#[test]
fn what_grows_is_bounded() {
    for format in ["1000000000000x", "9000000000000000000x"] {
        assert_eq!(
            said(&format!("pack(\"{format}\", [])")),
            "failed: a call can hold 96 MiB at most, and this is more"
        );
    }
    assert_eq!(
        said("unpack(\"4000000c\", blob(4000000))"),
        "failed: a call can hold 96 MiB at most, and this is more"
    );
}

#[test]
fn every_float_of_two_bytes_comes_back_and_what_is_between_goes_to_the_nearest() {
    let number = super::of_half;
    for half in 0..=u16::MAX {
        let float = number(half);
        if float.is_nan() {
            assert!(number(super::half_of(float)).is_nan());
            continue;
        }
        assert_eq!(super::half_of(float), half);
        if half & 0x7fff >= 0x7bff {
            continue;
        }
        let next = half + 1;
        let middle = float.midpoint(number(next));
        let even = if half % 2 == 0 { half } else { next };
        assert_eq!(super::half_of(middle), even, "{middle}");
        let above = middle + (number(next) - float) / 1e6;
        assert_eq!(super::half_of(above), next, "{above}");
    }
}

proptest! {
    #[test]
    fn every_value_comes_back(
        order in prop::sample::select(vec!["<", ">", "=", "!", "@", ""]),
        numbers in any::<(i8, u8, i16, u16, i32, u32, i64, u64)>(),
        float in any::<f64>().prop_filter("a number", |float| !float.is_nan()),
    ) {
        let json = serde_json::to_string(&numbers).unwrap();
        let body = format!(
            "let v = msg.json; v.push({float:?}.to_float()); \
             `${{unpack(\"{order}bBhHiIqQd\", pack(\"{order}bBhHiIqQd\", v)) == v}}`"
        );
        let body = body.replace("inf.to_float()", "(1.0 / 0.0)");
        prop_assert_eq!(said_of(&body, json.as_bytes()), "true");
    }

    #[test]
    fn no_format_breaks_the_reader(format in "[@=<>! 0-9xcbBhHiIlLqQnNefdspP?z]{0,8}") {
        let body = format!("unpack({format:?}, msg.bytes); ()");
        let said = said_of(&body, b"0123456789");
        prop_assert!(said.is_empty() || said.starts_with("failed: "), "{}", said);
    }
}
