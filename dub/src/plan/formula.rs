//! The formulas of prices, as far as they are arithmetic over a duration.
//!
//! The service states a price as a JSONata expression, such as
//! `{"total_price": $max([5,$min([$ceil(get_duration_v3(audio)),600])])/5*base_price}`. This module
//! reads the expressions that use numbers, `base_price`, the duration of the media, arithmetic,
//! comparisons, conditions and the functions `$max`, `$min`, `$sum`, `$ceil`, `$floor`, `$round` and
//! `$abs`. Everything else is an error, never a guess.

/// Why a formula cannot be evaluated here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the price formula cannot be evaluated here: {reason}, near `{near}`")]
pub struct FormulaError {
    reason: String,
    near: String,
}

/// A formula that was read.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Formula(Expression);

#[derive(Clone, Debug, PartialEq)]
enum Expression {
    Number(f64),
    Duration,
    Binary(char, Box<Expression>, Box<Expression>),
    Call(Function, Vec<Expression>),
    Condition(Box<[Expression; 3]>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Function {
    Max,
    Min,
    Sum,
    Ceil,
    Floor,
    Round,
    Abs,
}

/// How deep expressions may be nested.
const MAX_DEPTH: usize = 64;

impl Formula {
    pub(super) fn parse(text: &str, base_price: Option<f64>) -> Result<Self, FormulaError> {
        let mut parser = Parser { rest: text.trim_start(), base_price, depth: 0 };
        let is_object = parser.skip("{");
        if is_object && !(parser.skip("\"total_price\"") && parser.skip(":")) {
            return Err(parser.error("it is an object that does not begin with \"total_price\""));
        }
        let expression = parser.expression()?;
        if is_object && !parser.skip("}") {
            return Err(parser.error("an object of one field is expected"));
        }
        if !parser.rest.is_empty() {
            return Err(parser.error("it does not end here"));
        }
        Ok(Self(expression))
    }

    /// Returns the price in USD of media of this many seconds.
    pub(super) fn price(&self, seconds: f64) -> f64 {
        self.0.value(seconds)
    }
}

impl Expression {
    fn value(&self, seconds: f64) -> f64 {
        match self {
            Self::Number(number) => *number,
            Self::Duration => seconds,
            Self::Binary(operator, left, right) => {
                let (left, right) = (left.value(seconds), right.value(seconds));
                let truth = |holds: bool| if holds { 1.0 } else { 0.0 };
                match operator {
                    '+' => left + right,
                    '-' => left - right,
                    '*' => left * right,
                    '/' => left / right,
                    '%' => left % right,
                    '<' => truth(left < right),
                    '>' => truth(left > right),
                    '≤' => truth(left <= right),
                    '≥' => truth(left >= right),
                    // The parser makes no others.
                    _ => truth((left - right).abs() < f64::EPSILON),
                }
            }
            Self::Condition(parts) => {
                let [condition, yes, no] = parts.as_ref();
                if condition.value(seconds) == 0.0 { no.value(seconds) } else { yes.value(seconds) }
            }
            Self::Call(function, arguments) => {
                let mut values = arguments.iter().map(|argument| argument.value(seconds));
                match function {
                    Function::Max => values.fold(f64::NEG_INFINITY, f64::max),
                    Function::Min => values.fold(f64::INFINITY, f64::min),
                    Function::Sum => values.sum(),
                    Function::Ceil => values.next().unwrap_or_default().ceil(),
                    Function::Floor => values.next().unwrap_or_default().floor(),
                    // JSONata rounds half to even.
                    Function::Round => values.next().unwrap_or_default().round_ties_even(),
                    Function::Abs => values.next().unwrap_or_default().abs(),
                }
            }
        }
    }
}

struct Parser<'a> {
    rest: &'a str,
    base_price: Option<f64>,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn error(&self, reason: &str) -> FormulaError {
        let near = self.rest.chars().take(24).collect();
        FormulaError { reason: reason.to_owned(), near }
    }

    fn skip(&mut self, token: &str) -> bool {
        let found = self.rest.strip_prefix(token);
        if let Some(rest) = found {
            self.rest = rest.trim_start();
        }
        found.is_some()
    }

    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let (taken, rest) =
            self.rest.split_at(self.rest.find(|c| !wanted(c)).unwrap_or(self.rest.len()));
        self.rest = rest.trim_start();
        taken
    }

    fn expression(&mut self) -> Result<Expression, FormulaError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.error("it is nested too deep"));
        }
        let condition = self.binary(0)?;
        let parsed = if self.skip("?") {
            let yes = self.expression()?;
            if !self.skip(":") {
                return Err(self.error("`:` is expected"));
            }
            let no = self.expression()?;
            Expression::Condition(Box::new([condition, yes, no]))
        } else {
            condition
        };
        self.depth -= 1;
        Ok(parsed)
    }

    /// Reads a chain of operators of one precedence.
    fn binary(&mut self, level: usize) -> Result<Expression, FormulaError> {
        const LEVELS: [&[(&str, char)]; 3] = [
            &[("<=", '≤'), (">=", '≥'), ("<", '<'), (">", '>'), ("=", '=')],
            &[("+", '+'), ("-", '-')],
            &[("*", '*'), ("/", '/'), ("%", '%')],
        ];
        let Some(operators) = LEVELS.get(level) else { return self.primary() };
        let mut left = self.binary(level + 1)?;
        while let Some((_, operator)) = operators.iter().find(|(token, _)| self.skip(token)) {
            let right = self.binary(level + 1)?;
            left = Expression::Binary(*operator, Box::new(left), Box::new(right));
        }
        Ok(left)
    }

    fn primary(&mut self) -> Result<Expression, FormulaError> {
        if self.skip("(") {
            let inner = self.expression()?;
            return if self.skip(")") { Ok(inner) } else { Err(self.error("`)` is expected")) };
        }
        if self.skip("-") {
            self.depth += 1;
            if self.depth > MAX_DEPTH {
                return Err(self.error("it is nested too deep"));
            }
            let negated = self.primary()?;
            self.depth -= 1;
            let zero = Box::new(Expression::Number(0.0));
            return Ok(Expression::Binary('-', zero, Box::new(negated)));
        }
        if self.rest.starts_with(|c: char| c.is_ascii_digit()) {
            let digits = self.take_while(|c| c.is_ascii_digit() || c == '.');
            let number = digits.parse().map_err(|_| self.error("a number is expected"))?;
            return Ok(Expression::Number(number));
        }
        let before = self.error("this word is not known");
        let name = self.take_while(|c| c.is_ascii_alphanumeric() || c == '_' || c == '$');
        if name == "base_price" {
            let price = self.base_price;
            return price
                .map(Expression::Number)
                .ok_or_else(|| self.error("there is no base price"));
        }
        if name.starts_with("get_duration") {
            let named = self.skip("(")
                && !self.take_while(|c| c.is_ascii_alphanumeric() || c == '_').is_empty();
            let closed = named && self.skip(")");
            return if closed { Ok(Expression::Duration) } else { Err(before) };
        }
        let function = match name {
            "$max" => Function::Max,
            "$min" => Function::Min,
            "$sum" => Function::Sum,
            "$ceil" => Function::Ceil,
            "$floor" => Function::Floor,
            "$round" => Function::Round,
            "$abs" => Function::Abs,
            _ => return Err(before),
        };
        let arguments = self.arguments(function)?;
        Ok(Expression::Call(function, arguments))
    }

    /// Reads `([a, b])` of a function over a list, `(a)` of any other.
    fn arguments(&mut self, function: Function) -> Result<Vec<Expression>, FormulaError> {
        let of_list = matches!(function, Function::Max | Function::Min | Function::Sum);
        if !self.skip("(") {
            return Err(self.error("`(` is expected"));
        }
        let bracket = of_list && self.skip("[");
        let mut arguments = vec![self.expression()?];
        while bracket && self.skip(",") {
            arguments.push(self.expression()?);
        }
        if (bracket && !self.skip("]")) || !self.skip(")") {
            return Err(self.error("the end of the arguments is expected"));
        }
        Ok(arguments)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn price(text: &str, seconds: f64) -> f64 {
        Formula::parse(text, Some(0.5)).unwrap().price(seconds)
    }

    #[test]
    fn formulas_of_the_service_are_evaluated() {
        let clamped =
            r#"{"total_price": $max([5,$min([$ceil(get_duration_v3(audio)),600])])/5*base_price}"#;
        let found = [2.0, 5.0, 5.1, 10.0, 1_000.0].map(|seconds| price(clamped, seconds));
        assert_eq!(found, [0.5, 0.5, 0.6, 1.0, 60.0]);
        assert_eq!(price("base_price", 3.0), 0.5);
        assert_eq!(price(" 1 + 2 * 3 - 8 / 4 % 3 ", 3.0), 5.0);
        assert_eq!(price("-(1 - 2) * get_duration(video)", 3.0), 3.0);
        let by_length = "get_duration(video) > 5 ? base_price * 2 : base_price";
        assert_eq!((price(by_length, 5.0), price(by_length, 5.5)), (0.5, 1.0));
        assert_eq!(
            price("$round(get_duration(a)) + $floor(1.9) + $abs(1-3) + $sum([1,2])", 2.4),
            8.0
        );
    }

    #[test]
    fn everything_else_is_an_error_and_never_a_guess() {
        for text in [
            "",
            "1 +",
            "(1",
            "{\"price\": 1}",
            "{\"total_price\": 1, \"x\": 2}",
            "1 2",
            "resolution = '720p' ? 1 : 2",
            "$lookup(prices, mode)",
            "get_duration_v3(audio",
            "get_duration_v3()",
            "1 ? 2",
            "$ceil(1, 2)",
            "1.2.3",
            "é",
        ] {
            assert!(Formula::parse(text, Some(1.0)).is_err(), "{text}");
        }
        assert!(Formula::parse("base_price", None).is_err());
        let unknown = Formula::parse("1 + image_count", Some(1.0)).unwrap_err().to_string();
        assert!(unknown.contains("this word is not known, near `image_count`"), "{unknown}");
    }

    #[test]
    fn deep_nesting_is_refused() {
        for text in ["(".repeat(100_000), "-".repeat(100_000), "1?".repeat(100_000)] {
            assert!(Formula::parse(&text, None).is_err());
        }
    }
}
