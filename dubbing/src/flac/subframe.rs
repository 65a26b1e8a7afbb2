//! One channel of a block: how it is predicted, and how the differences are written.

use std::borrow::Cow;

use super::bits::BitWriter;

/// The highest degree of a prediction.
const MAX_ORDER: usize = 4;
/// A block is split into at most this power of two of partitions.
const MAX_PARTITIONS: u32 = 6;
/// The largest parameter of a Rice code that 5 bits hold: 31 has another meaning.
const MAX_PARAMETER: u32 = 30;

/// How a channel is written.
#[derive(Clone, Debug)]
pub(super) struct Plan<'s> {
    samples: Cow<'s, [i32]>,
    sample_bits: u32,
    method: Method,
    bits: u64,
}

#[derive(Clone, Debug)]
enum Method {
    /// All samples are the same.
    Constant,
    /// The samples as they are.
    Verbatim,
    /// A prediction of this degree: the differences, and the parameter of each partition.
    Fixed { order: usize, differences: Vec<i32>, parameters: Vec<u32> },
}

impl<'s> Plan<'s> {
    /// Returns the smallest way to write the samples.
    pub(super) fn best(samples: Cow<'s, [i32]>, sample_bits: u32) -> Self {
        let first = samples.first().copied().unwrap_or_default();
        let header = 8;
        if samples.iter().all(|sample| *sample == first) {
            let bits = header + u64::from(sample_bits);
            return Self { samples, sample_bits, method: Method::Constant, bits };
        }
        let mut bits = header + u64::from(sample_bits) * samples.len() as u64;
        let mut method = Method::Verbatim;
        if let Some((order, differences)) = predict(&samples) {
            let (parameters, coded) = partition(&differences, order);
            let fixed = header + u64::from(sample_bits) * order as u64 + coded;
            if fixed < bits {
                bits = fixed;
                method = Method::Fixed { order, differences, parameters };
            }
        }
        Self { samples, sample_bits, method, bits }
    }

    /// Returns how many bits it takes.
    pub(super) fn bits(&self) -> u64 {
        self.bits
    }

    pub(super) fn write(&self, frame: &mut BitWriter) {
        let literal = |frame: &mut BitWriter, count: usize| {
            for sample in self.samples.iter().take(count) {
                // The two's complement, cut to the bits of a sample.
                frame.write(i64::from(*sample).cast_unsigned(), self.sample_bits);
            }
        };
        match &self.method {
            Method::Constant => {
                frame.write(0, 8);
                literal(frame, 1);
            }
            Method::Verbatim => {
                frame.write(1 << 1, 8);
                literal(frame, self.samples.len());
            }
            Method::Fixed { order, differences, parameters } => {
                frame.write((8 + *order as u64) << 1, 8);
                literal(frame, *order);
                write_differences(frame, differences, parameters, *order);
            }
        }
    }
}

/// Returns the degree whose differences are the smallest, and the differences. Returns `None` if there
/// are too few samples.
fn predict(samples: &[i32]) -> Option<(usize, Vec<i32>)> {
    if samples.len() <= MAX_ORDER {
        return None;
    }
    // Samples have at most 25 bits, so differences of degree 4 have at most 29.
    let mut differences = samples.to_vec();
    let mut best: Option<(u64, usize, Vec<i32>)> = None;
    for order in 0..=MAX_ORDER {
        let sum = differences.iter().map(|number| u64::from(number.unsigned_abs())).sum();
        if best.as_ref().is_none_or(|(least, _, _)| sum < *least) {
            best = Some((sum, order, differences.clone()));
        }
        differences = differences.windows(2).filter_map(difference).collect();
    }
    best.map(|(_, order, differences)| (order, differences))
}

fn difference(pair: &[i32]) -> Option<i32> {
    let [before, after] = pair else { return None };
    Some(after - before)
}

/// Splits the differences into partitions. Returns the parameter of each, and the bits of all.
fn partition(differences: &[i32], order: usize) -> (Vec<u32>, u64) {
    let block = differences.len() + order;
    let splits = (0..=MAX_PARTITIONS).filter(|power| {
        let parts = 1_usize << power;
        block.is_multiple_of(parts) && block / parts > order
    });
    let candidates = splits.map(|power| {
        let parts = parts(differences, order, 1 << power);
        let (parameters, sizes): (Vec<u32>, Vec<u64>) = parts.map(parameter).unzip();
        let width = parameter_bits(&parameters);
        let bits = 6 + sizes.iter().sum::<u64>() + u64::from(width) * parameters.len() as u64;
        (parameters, bits)
    });
    candidates.min_by_key(|(_, bits)| *bits).unwrap_or_default()
}

/// Iterates over the partitions. The first is shorter by the samples that are not predicted.
fn parts(differences: &[i32], order: usize, count: usize) -> impl Iterator<Item = &[i32]> {
    let length = (differences.len() + order) / count.max(1);
    let first = length.saturating_sub(order).min(differences.len());
    let (first, others) = differences.split_at(first);
    std::iter::once(first).chain(others.chunks(length.max(1)))
}

/// Returns the best parameter for a partition, and the bits of its codes.
fn parameter(differences: &[i32]) -> (u32, u64) {
    let count = differences.len() as u64;
    let sum: u64 = differences.iter().map(|number| u64::from(zigzag(*number))).sum();
    let mean = sum.checked_div(count).unwrap_or_default();
    let guess = mean.checked_ilog2().unwrap_or_default();
    let size = |parameter: u32| -> u64 {
        let tails = count * u64::from(parameter + 1);
        tails
            + differences.iter().map(|number| u64::from(zigzag(*number) >> parameter)).sum::<u64>()
    };
    let near = guess.saturating_sub(1)..=(guess + 1).min(MAX_PARAMETER);
    near.map(|parameter| (parameter, size(parameter)))
        .min_by_key(|(_, size)| *size)
        .unwrap_or_default()
}

/// Numbers without a sign: 0, -1, 1, -2, 2 and so on.
fn zigzag(number: i32) -> u32 {
    (number << 1 ^ number >> 31).cast_unsigned()
}

fn parameter_bits(parameters: &[u32]) -> u32 {
    if parameters.iter().any(|parameter| *parameter > 14) { 5 } else { 4 }
}

fn write_differences(frame: &mut BitWriter, differences: &[i32], parameters: &[u32], order: usize) {
    let width = parameter_bits(parameters);
    frame.write(u64::from(width - 4), 2);
    frame.write(u64::from(parameters.len().max(1).ilog2()), 4);
    for (part, parameter) in parts(differences, order, parameters.len()).zip(parameters) {
        frame.write(u64::from(*parameter), width);
        for number in part {
            let number = zigzag(*number);
            frame.unary(number >> parameter);
            frame.write(u64::from(number), *parameter);
        }
    }
}
