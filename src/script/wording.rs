//! The engine's errors in the words of who wrote the script.
//!
//! Owns what is said of each, and what to do where that can be known. Never knows a place.

use rhai::EvalAltResult;

/// An error's text without the place that the engine writes behind it, in the user's words.
#[expect(clippy::wildcard_enum_match_arm, reason = "the engine has many errors, most of one kind")]
pub(super) fn of(error: &EvalAltResult) -> String {
    let mut text = match error {
        EvalAltResult::ErrorRuntime(value, _) => return value.to_string(),
        EvalAltResult::ErrorFunctionNotFound(signature, _) => return no_function(signature),
        EvalAltResult::ErrorUnboundThis(_) => {
            "there is no `this` here: a function has the one that it is called on, this.name(…)"
                .to_owned()
        }
        EvalAltResult::ErrorFor(_) => {
            "`for` goes through an array, a map's keys(), a text's chars() or a range such as 0..3, \
             and this is none"
                .to_owned()
        }
        EvalAltResult::ErrorDotExpr(why, _) => match no_property(why) {
            Some(text) => return text,
            None => error.to_string(),
        },
        EvalAltResult::ErrorMismatchDataType(wanted, found, _) if wanted == "bool" => {
            format!(
                "a condition is true or false, and this is {}: compare it, as in x != ()",
                article(&in_words(found))
            )
        }
        other => other.to_string(),
    };
    if let Some(at) = text.rfind(" (line ") {
        text.truncate(at);
    }
    lower_first(&in_words(&text))
}

/// A function or an operator that does not take what it was given.
fn no_function(signature: &str) -> String {
    let signature = in_words(&signature.replacen(" (", "(", 1));
    let (name, types) = signature.split_once('(').unwrap_or((&signature, ""));
    let types: Vec<&str> = types.trim_end_matches(')').split(", ").collect();
    let is_operator = !name.starts_with(|c: char| c.is_alphabetic() || c == '_');
    let nothing = types.contains(&"()");
    if !is_operator {
        let bare = match types.as_slice() {
            // What `in` is to the engine.
            [place, item] if name == "contains" => {
                format!("{} cannot be looked for in {}", article(item), article(place))
            }
            _ => format!("there is no function {signature}"),
        };
        return match nothing {
            true => {
                format!("{bare}; () is what there is where nothing was set: set it in on_start")
            }
            false => bare,
        };
    }
    let bare = match types.as_slice() {
        [one, other] => {
            format!("{name} cannot be used between {} and {}", article(one), article(other))
        }
        _ => format!("{name} cannot be used with {}", article(&types.join(", "))),
    };
    match (nothing, name, types.contains(&"text")) {
        (true, ..) => format!(
            "{bare}: () is what there is where nothing was set; set it in on_start, as in this.n = 0"
        ),
        (false, "%", true) => {
            format!("{bare}: put values into a text by `${{x}}` between backquotes")
        }
        (false, "+" | "-" | "*" | "/" | "<" | ">" | "<=" | ">=", true) => {
            format!("{bare}: make a number of a text by parse_int(text) or parse_float(text)")
        }
        (false, ..) => bare,
    }
}

/// A property of something that has none of that name.
fn no_property(why: &str) -> Option<String> {
    let begins = ["Unknown property '", "No writable property '", "Unknown property: '"];
    let named = begins.iter().find_map(|begin| why.strip_prefix(begin))?;
    let (property, rest) = named.split_once('\'')?;
    let type_name = rest.split_once("etter is not registered for type '")?.1;
    let kind = in_words(type_name.split('\'').next().unwrap_or_default());
    let bare = format!("{} has no property {property}", article(&kind));
    Some(match kind.as_str() {
        "text" | "string" => format!(
            "{} has no property {property}: a body is text unless the message is JSON; read \
             msg.json.{property}, or have the sender send a map",
            article("text")
        ),
        "()" => format!(
            "() has no property {property}: it is what there is where nothing was set or sent"
        ),
        "array" => format!("{bare}: take one item first, as in list[0].{property}"),
        "message" => bare,
        "blob" => {
            format!("{bare}: it is bytes; read them by as_string(), parse_json(…) or unpack(…)")
        }
        _ => bare,
    })
}

fn article(kind: &str) -> String {
    match kind {
        "()" | "text" => {
            if kind == "text" {
                "a text".to_owned()
            } else {
                kind.to_owned()
            }
        }
        _ if kind.starts_with(['a', 'e', 'i', 'o', 'u']) => format!("an {kind}"),
        _ => format!("a {kind}"),
    }
}

fn in_words(text: &str) -> String {
    let mut text = text.to_owned();
    for (type_name, word) in TYPES {
        text = text.replace(type_name, word);
    }
    text
}

/// The engine's messages begin like sentences; a diagnostic's do not.
pub(super) fn lower_first(message: &str) -> String {
    let mut letters = message.chars();
    match (letters.next(), letters.clone().next()) {
        (Some(first), Some(second)) if first.is_uppercase() && second.is_lowercase() => {
            first.to_lowercase().chain(letters).collect()
        }
        _ => message.to_owned(),
    }
}

/// The engine's names of types that a script's author does not know.
const TYPES: [(&str, &str); 5] = [
    ("&str | ImmutableString | String", "text"),
    ("ImmutableString", "text"),
    ("i64", "integer"),
    ("f64", "float"),
    ("Fn", "function"),
];

#[cfg(test)]
mod tests {
    use crate::script::trial::Trial;
    use crate::zeromq::Role;

    fn told(body: &str) -> String {
        let script = format!("fn bump() {{ this.n += 1; }}\nfn on_tick() {{ {body} }}");
        let mut trial = Trial::new(&[("out", Role::Push)], &script);
        match trial.invoke(crate::script::Invocation::Tick) {
            Ok(_) => panic!("{body}"),
            Err(error) => error.message.clone(),
        }
    }

    #[test]
    fn what_goes_wrong_is_told_with_what_to_do() {
        let mut wrong = Vec::new();
        for (body, says) in [
            ("this.n += 1;", "set it in on_start, as in this.n = 0"),
            ("let x = this.n + 1;", "set it in on_start, as in this.n = 0"),
            ("this.n.push(1);", "set it in on_start"),
            ("this.n.m = 1;", "() has no property m"),
            ("bump();", "called on, this.name(…)"),
            ("let body = \"x\"; body.city", "a text has no property city"),
            ("let a = [1]; a.city", "list[0].city"),
            ("let a = 1; a.city", "an integer has no property city"),
            ("let x = 1; if x { 2 }", "a condition is true or false, and this is an integer"),
            ("let x = \"-\" * 10;", "between a text and an integer"),
            ("let x = \"a %s\" % 1;", "`${x}` between backquotes"),
            ("let x = 1 - \"2\";", "parse_int(text)"),
            ("let y = 3; for x in y { }", "goes through an array"),
            ("let x = -\"a\";", "cannot be used with a text"),
        ] {
            let message = told(body);
            if !message.contains(says) {
                wrong.push(format!("{body}\n  {message}"));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}
