//! The Python types: typed dictionaries of the JSON, and data classes in Python's names and units.

use std::fmt::Write as _;

use super::python_preamble::{ACCOUNT_HEAD, HEAD, MODELS_HEAD, REPORT_HEAD, TYPES_HEAD};
use super::schema::{
    Border, Definition, Field, Type, capitalized, mentions, rename_code, snake_case, tag, wrap,
};

/// Outgoing types that become a data class. The fields that mention one of the types that the facade
/// builds itself are left to it.
const CLASSES: [(&str, &str); 1] = [("PredictionData", "PredictionFields")];

/// The classes of checks and errors, in a module of their own like those of the account: a run that
/// succeeds uses none of them.
const REPORT_CLASSES: [(&str, &str); 5] = [
    ("Fix", "Fix"),
    ("Violation", "Violation"),
    ("MediaInfo", "MediaInfo"),
    ("Report", "Report"),
    ("SubmitRecordData", "SubmitRecord"),
];

/// The classes of the account and the catalogue. They have a module of their own, because most
/// programs do not use them, and a data class costs about a millisecond on import.
const ACCOUNT_CLASSES: [(&str, &str); 6] = [
    ("Model", "Model"),
    ("Price", "Price"),
    ("BillingData", "Billing"),
    ("ModelUsage", "ModelUsage"),
    ("DailyUsage", "DailyUsage"),
    ("Usage", "Usage"),
];

/// Methods of data classes.
const METHODS: [(&str, &str); 3] = [
    (
        "Fix",
        r#"
    def __str__(self) -> str:
        """Return the step in words."""
        return self.description
"#,
    ),
    (
        "Violation",
        r#"
    def __str__(self) -> str:
        """Return the message."""
        return self.message
"#,
    ),
    (
        "Report",
        r#"
    def __bool__(self) -> bool:
        """Return whether the input can run."""
        return self.ok

    def __str__(self) -> str:
        """Return one line for each broken rule."""
        return "\n".join(map(str, self.violations)) or "no problems found"
"#,
    ),
];

/// The types that the facade builds itself.
const FACADE: [&str; 1] = ["OutputData"];

/// Incoming types whose rules the facade checks.
const CHECKED: [&str; 9] = [
    "ClientSettings",
    "RunOptions",
    "BatchOptions",
    "DubOptions",
    "FitOptions",
    "HistoryFilterData",
    "BillingFilterData",
    "WebhookVerification",
    "SubmitRecordData",
];

/// The data classes and the rules.
pub(super) fn models(border: &Border) -> String {
    let mut out = HEAD.to_owned() + MODELS_HEAD;
    for name in ["Status", "RecoveredBy", "Level", "LedgerState", "ItemState"] {
        let Definition { doc, ty } = &border.outgoing[name];
        let known = match ty {
            Type::Union(all) => all.first().unwrap_or(ty),
            ty => ty,
        };
        if known == ty {
            let _ = write!(out, "\n{name} = {}\n", annotation(ty));
        } else {
            let _ = write!(out, "\n\nKnown{name} = {}\n", annotation(known));
            let _ = writeln!(out, "{name} = Union[Known{name}, str]");
        }
        let _ = writeln!(out, "\"\"\"{doc}\"\"\"");
    }
    for (name, class) in CLASSES {
        out += &data_class(&border.outgoing[name], name, class);
    }
    for name in CHECKED {
        let definition = border.incoming.get(name).unwrap_or_else(|| &border.outgoing[name]);
        let Type::Object { fields, .. } = &definition.ty else { panic!("{name} is no object") };
        let constant = snake_case(name).to_uppercase();
        let _ = write!(
            out,
            "\n{constant}: tuple[Parameter, ...] = {}\n",
            parameters(border, fields, "")
        );
    }
    out
}

/// The data classes of the account and the catalogue.
pub(super) fn account_models(border: &Border) -> String {
    let classes = ACCOUNT_CLASSES.iter();
    let classes = classes.map(|(name, class)| data_class(&border.outgoing[*name], name, class));
    HEAD.to_owned() + ACCOUNT_HEAD + &classes.collect::<String>()
}

/// The data classes of checks and errors.
pub(super) fn report_models(border: &Border) -> String {
    let classes = REPORT_CLASSES.iter();
    let classes = classes.map(|(name, class)| data_class(&border.outgoing[*name], name, class));
    let names: Vec<&str> = REPORT_CLASSES.iter().map(|(_, class)| *class).collect();
    let public = format!(
        "\n\n# Tracebacks and pickles show classes under the name that users import.\n\
         for _class in ({}):\n    _class.__module__ = \"viseme\"\n",
        names.join(", ")
    );
    HEAD.to_owned() + REPORT_HEAD + &classes.collect::<String>() + &public
}

/// The typed dictionaries.
pub(super) fn types(border: &Border) -> String {
    let mut out = HEAD.to_owned() + TYPES_HEAD;
    // Aliases are evaluated: the simple ones come first.
    let (mut aliases, mut unions) = (String::new(), String::new());
    let outgoing = border.outgoing.iter().map(|it| (it, true));
    let incoming = border.incoming.iter().map(|it| (it, false));
    for ((name, definition), is_outgoing) in outgoing.chain(incoming) {
        match &definition.ty {
            Type::Object { fields, .. } => {
                let fields: Vec<_> = fields
                    .iter()
                    .map(|field| if is_outgoing { without_null(field) } else { field.clone() })
                    .collect();
                out += &typed_dict(name, &definition.doc, &fields);
            }
            Type::Union(options) => {
                let mut names = Vec::new();
                for option in options {
                    if let Type::Object { doc, fields } = option {
                        let variant = format!("{name}{}", variant_name(fields));
                        out += &typed_dict(&variant, doc, fields);
                        names.push(variant);
                    } else {
                        names.push(annotation(option));
                    }
                }
                let _ = write!(unions, "\n{name} = Union[\n    {},\n]\n", names.join(",\n    "));
            }
            ty => {
                let _ = write!(aliases, "\n{name} = {}\n", annotation(ty));
            }
        }
    }
    out + "\n" + &aliases + &unions
}

/// The field without null: native code leaves out what is absent.
fn without_null(field: &Field) -> Field {
    match &field.ty {
        Type::Nullable(inner) if !field.required => {
            Field { ty: (**inner).clone(), ..field.clone() }
        }
        _ => field.clone(),
    }
}

/// The name of one of several objects: its tag, or its only field.
fn variant_name(fields: &[Field]) -> String {
    match (tag(fields), fields) {
        (Some(tag), _) => capitalized(tag),
        (None, [field]) => capitalized(&field.name),
        _ => "Object".to_owned(),
    }
}

fn typed_dict(name: &str, doc: &str, fields: &[Field]) -> String {
    // Not the form of a class: `from` is no name of a field there.
    if fields.iter().any(|field| field.name == "from") {
        let fields = fields.iter().map(|field| {
            let ty = annotation(&field.ty);
            let ty = if field.required { ty } else { format!("NotRequired[{ty}]") };
            format!("        \"{}\": \"{}\",\n", field.name, ty.replace('"', "'"))
        });
        let fields: String = fields.collect();
        return format!("\n\n{name} = TypedDict(\n    \"{name}\",\n    {{\n{fields}    }},\n)\n");
    }
    let doc = if doc.is_empty() { name } else { doc };
    let mut out = format!("\n\nclass {name}(TypedDict):\n{}", docstring(doc, "    "));
    if !fields.is_empty() {
        out.push('\n');
    }
    for field in fields {
        let ty = annotation(&field.ty);
        let ty = if field.required { ty } else { format!("NotRequired[{ty}]") };
        let _ = writeln!(out, "    {}: {ty}", field.name);
    }
    out
}

fn docstring(doc: &str, indent: &str) -> String {
    let doc = rename_code(doc, |name| name.strip_suffix("_ms").unwrap_or(name).to_owned());
    let doc = doc.replace('`', "``");
    let lines = wrap(&doc, 92 - indent.len());
    match lines.as_slice() {
        [line] => format!("{indent}\"\"\"{line}\"\"\"\n"),
        _ => {
            // The first sentence is the summary.
            let end =
                doc.find("\n\n").unwrap_or(doc.len()).min(doc.find(". ").unwrap_or(doc.len()));
            let (summary, rest) = doc.split_at(end);
            let summary = format!("{}.", summary.trim_end_matches('.'));
            let rest = rest.trim_start_matches('.').trim();
            let mut out = String::new();
            for (at, line) in wrap(&summary, 92 - indent.len()).iter().enumerate() {
                let _ = writeln!(out, "{indent}{}{line}", if at == 0 { "\"\"\"" } else { "" });
            }
            if !rest.is_empty() {
                out.push('\n');
                for line in wrap(rest, 96 - indent.len()) {
                    let _ = writeln!(out, "{}", format!("{indent}{line}").trim_end());
                }
            }
            out + indent + "\"\"\"\n"
        }
    }
}

/// A type in annotations of the JSON.
fn annotation(ty: &Type) -> String {
    match ty {
        Type::Any => "Any".to_owned(),
        Type::Text => "str".to_owned(),
        Type::Boolean => "bool".to_owned(),
        Type::Number { integer: true, .. } => "int".to_owned(),
        Type::Number { .. } | Type::Duration | Type::Moment => "float".to_owned(),
        Type::Words(words) => {
            let words = words.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>();
            format!("Literal[{}]", words.join(", "))
        }
        Type::Named(name) => name.clone(),
        Type::List(inner) => format!("list[{}]", annotation(inner)),
        Type::Map(inner) => format!("dict[str, {}]", annotation(inner)),
        Type::Tuple(all) => {
            format!("tuple[{}]", all.iter().map(annotation).collect::<Vec<_>>().join(", "))
        }
        Type::Nullable(inner) if **inner == Type::Any => "Any".to_owned(),
        Type::Nullable(inner) => format!("{} | None", annotation(inner)),
        Type::Union(all) => {
            format!("Union[{}]", all.iter().map(annotation).collect::<Vec<_>>().join(", "))
        }
        Type::Object { .. } => "dict[str, Any]".to_owned(),
    }
}

fn all_classes() -> impl Iterator<Item = &'static (&'static str, &'static str)> {
    CLASSES.iter().chain(&REPORT_CLASSES).chain(&ACCOUNT_CLASSES)
}

/// The name of a data class in Python.
fn class_of(name: &str) -> String {
    all_classes().find(|(of, _)| *of == name).map_or(name, |(_, class)| class).to_owned()
}

/// The name of a field in Python, which has seconds.
fn python_name(name: &str) -> String {
    snake_case(name.strip_suffix("Ms").unwrap_or(name))
}

/// A type in Python's own types.
fn python_type(ty: &Type) -> String {
    match ty {
        Type::Moment => "datetime".to_owned(),
        Type::Named(name) => class_of(name),
        Type::List(inner) => format!("tuple[{}, ...]", python_type(inner)),
        Type::Map(inner) => format!("dict[str, {}]", python_type(inner)),
        Type::Nullable(inner) if **inner == Type::Any => "Any".to_owned(),
        Type::Nullable(inner) => format!("{} | None", python_type(inner)),
        ty => annotation(ty),
    }
}

/// The expression that makes a value of Python of `value`, or nothing if that is the value itself.
fn decode(ty: &Type, value: &str) -> Option<String> {
    match ty {
        Type::Duration => Some(format!("decode_duration({value})")),
        Type::Moment => Some(format!("decode_moment({value})")),
        Type::Named(name) if all_classes().any(|(of, _)| of == name) => {
            Some(format!("decode_{}({value})", snake_case(&class_of(name))))
        }
        Type::List(inner) => Some(match decode(inner, "item") {
            Some(item) => format!("tuple({item} for item in {value})"),
            None => format!("tuple({value})"),
        }),
        Type::Map(inner) => decode(inner, "item")
            .map(|item| format!("{{name: {item} for name, item in {value}.items()}}")),
        Type::Nullable(inner) => {
            decode(inner, value).map(|found| format!("None if {value} is None else {found}"))
        }
        _ => None,
    }
}

fn data_class(definition: &Definition, name: &str, class: &str) -> String {
    let Type::Object { fields, .. } = &definition.ty else { panic!("{name} is no object") };
    let is_own = |field: &&Field| !FACADE.iter().any(|facade| mentions(&field.ty, facade));
    // Those without a default come first.
    let (required, optional): (Vec<_>, Vec<_>) =
        fields.iter().filter(is_own).partition(|field| field.required);
    let mut out = format!("\n\n@dataclass(frozen=True)\nclass {class}(Deferred):\n");
    out += &docstring(&definition.doc, "    ");
    out.push('\n');
    for field in required.iter().chain(&optional) {
        let ty = python_type(&field.ty);
        let default = match &field.ty {
            _ if field.required => String::new(),
            Type::Map(_) => format!(
                " = field(default_factory=dict[{}])",
                ty.trim_start_matches("dict[").trim_end_matches(']')
            ),
            Type::List(_) => " = ()".to_owned(),
            _ => " = None".to_owned(),
        };
        let optional = !field.required && !matches!(field.ty, Type::Map(_) | Type::List(_));
        let ty =
            if optional && ty != "Any" && !ty.ends_with("| None") { ty + " | None" } else { ty };
        let _ = writeln!(out, "    {}: {ty}{default}", python_name(&field.name));
        let is_duration = match &field.ty {
            Type::Map(inner) | Type::Nullable(inner) => **inner == Type::Duration,
            ty => *ty == Type::Duration,
        };
        let unit = if is_duration { " In seconds." } else { "" };
        out += &docstring(&(field.doc.clone() + unit), "    ");
    }
    out += METHODS.iter().find(|(of, _)| *of == class).map_or("", |(_, methods)| *methods);
    let base = class.strip_suffix("Fields");
    let function = match base {
        Some(base) => format!("{}_fields", snake_case(base)),
        None => format!("decode_{}", snake_case(class)),
    };
    let (result, what, open, close) = match base {
        Some(_) => ("dict[str, Any]", format!("the fields of {class}"), "{", "}"),
        None => (class, format!("the {class}"), "", ")"),
    };
    let open = if open.is_empty() { format!("{class}(") } else { open.to_owned() };
    let _ = write!(out, "\n\ndef {function}(data: types.{name}) -> {result}:\n");
    let _ = write!(
        out,
        "    \"\"\"Return {what} of the JSON of native code.\"\"\"\n    return {open}\n"
    );
    for field in required.iter().chain(&optional) {
        let key = &field.name;
        let value = match (&field.ty, field.required) {
            (_, true) => {
                let value = format!("data[\"{key}\"]");
                decode(&field.ty, &value).unwrap_or(value)
            }
            (Type::Map(_), false) => {
                let value = format!("data.get(\"{key}\", {{}})");
                decode(&field.ty, &value).unwrap_or(value)
            }
            (Type::List(_), false) => {
                let value = format!("data.get(\"{key}\", ())");
                decode(&field.ty, &value).unwrap_or(value)
            }
            (ty, false) => {
                let inner = if let Type::Nullable(inner) = ty { inner } else { ty };
                match decode(inner, &format!("data[\"{key}\"]")) {
                    Some(found) => format!("{found} if \"{key}\" in data else None"),
                    None => format!("data.get(\"{key}\")"),
                }
            }
        };
        let name = python_name(&field.name);
        let _ = match base {
            Some(_) => writeln!(out, "        \"{name}\": {value},"),
            None => writeln!(out, "        {name}={value},"),
        };
    }
    out + "    " + close + "\n"
}

fn parameters(border: &Border, fields: &[Field], indent: &str) -> String {
    let mut out = "(\n".to_owned();
    for field in fields {
        let rule = rule(border, &field.ty, &format!("{indent}    "));
        let (name, json) = (python_name(&field.name), &field.name);
        let required = if field.required { "True" } else { "False" };
        let _ = writeln!(out, "{indent}    Parameter(\"{name}\", \"{json}\", {required}, {rule}),");
    }
    out + indent + ")"
}

fn rule(border: &Border, ty: &Type, indent: &str) -> String {
    let inner = |ty: &Type| rule(border, ty, indent);
    match ty {
        Type::Any | Type::Tuple(_) => "Rule(\"any\")".to_owned(),
        Type::Text => "Rule(\"text\")".to_owned(),
        Type::Boolean => "Rule(\"boolean\")".to_owned(),
        Type::Duration => "Rule(\"duration\")".to_owned(),
        Type::Moment => "Rule(\"moment\")".to_owned(),
        Type::Number { integer, minimum, above, maximum } => {
            let mut out = format!("Rule(\"{}\"", if *integer { "integer" } else { "number" });
            for (name, limit) in [("minimum", minimum), ("above", above), ("maximum", maximum)] {
                if let Some(limit) = limit {
                    let _ = write!(out, ", {name}={limit}");
                }
            }
            out + ")"
        }
        Type::Words(words) => {
            let words = words.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>();
            format!("Rule(\"words\", words=({},))", words.join(", "))
        }
        Type::Named(name) if name == "Status" => "Rule(\"text\")".to_owned(),
        Type::Named(name) => {
            let definition = border.incoming.get(name).unwrap_or_else(|| &border.outgoing[name]);
            inner(&definition.ty)
        }
        Type::List(of) => format!("Rule(\"list\", of=({},))", inner(of)),
        Type::Map(of) => format!("Rule(\"map\", of=({},))", inner(of)),
        Type::Nullable(ty) => inner(ty),
        Type::Union(all) => {
            let all = all.iter().map(inner).collect::<Vec<_>>();
            format!("Rule(\"union\", of=({},))", all.join(", "))
        }
        Type::Object { fields, .. } => {
            format!("Rule(\"object\", fields={})", parameters(border, fields, indent))
        }
    }
}
