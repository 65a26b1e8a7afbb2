//! Blocks of shell commands: those of this program must exist, and so must the paths in the repository.
//! The tests of `viseme` run its own commands (`cli/tests/documented_commands.rs`).

use crate::process::root;

/// Other programs that the documents call.
const PROGRAMS: &[&str] = &[
    ".",
    "cargo",
    "celery",
    "claude",
    "cp",
    "curl",
    "export",
    "ffmpeg",
    "jupyter",
    "mkdir",
    "node",
    "npm",
    "npx",
    "openssl",
    "pip",
    "python",
    "python3",
    "redis-server",
    "viseme",
    "viseme-load",
    "viseme-mock",
];

/// What the documents call the folder of a clone of the repository.
const CLONE: &str = "CLONE/";

/// What is wrong with the commands of a block.
pub(super) fn faults(code: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let mut folder = String::new();
    for command in commands(code) {
        let words: Vec<&str> = command.iter().map(String::as_str).collect();
        match *words.as_slice() {
            ["cargo", "xtask", ref rest @ ..] => faults.extend(no_command(rest, true)),
            ["cd", to] => {
                folder = format!("{folder}{to}/");
                faults.extend(missing(&folder));
            }
            [name, ref rest @ ..] => {
                if !PROGRAMS.contains(&name) {
                    faults.push(format!("`{name}` is no program that the documents call"));
                }
                faults.extend(paths(rest, &folder).iter().filter_map(|path| missing(path)));
            }
            [] => {}
        }
    }
    faults
}

/// What is wrong with code in a sentence, if it is a command of this program.
pub(super) fn fault_of_mention(code: &str) -> Option<String> {
    let words: Vec<&str> = code.strip_prefix("cargo xtask ")?.split_whitespace().collect();
    // A mention need not be complete, and `a|b` stands for two commands.
    if code.contains('|') { None } else { no_command(&words, false) }
}

fn no_command(words: &[&str], complete: bool) -> Option<String> {
    let words: Vec<&str> = words.iter().copied().filter(|word| *word != "…").collect();
    let fault = if complete { crate::is_command(&words) } else { crate::is_mention(&words) };
    let line = words.join(" ");
    fault.err().map(|fault| format!("cargo xtask {line}: {fault}"))
}

fn missing(path: &str) -> Option<String> {
    (!root().join(path).exists()).then(|| format!("there is no {path}"))
}

/// The paths in the repository that the arguments of a command name.
fn paths(words: &[&str], folder: &str) -> Vec<String> {
    let after_path = words.iter().zip(words.iter().skip(1)).filter(|(flag, _)| **flag == "--path");
    let mut found: Vec<String> = after_path.map(|(_, path)| (*path).to_owned()).collect();
    found.extend(words.iter().filter(|it| it.starts_with("./")).map(|it| (*it).to_owned()));
    found.extend(words.iter().filter(|it| it.starts_with(CLONE)).map(|it| (*it).to_owned()));
    let inside = |path: String| match path.strip_prefix(CLONE) {
        // Cargo builds what is in this folder.
        Some(path) if path.starts_with("target/") => None,
        Some(path) => Some(path.to_owned()),
        None => Some(format!("{folder}{path}")),
    };
    found.into_iter().filter_map(inside).collect()
}

/// The commands of a block as words: without comments, variables, redirections and quotes.
fn commands(code: &str) -> Vec<Vec<String>> {
    let mut commands = Vec::new();
    for line in code.replace("\\\n", " ").lines() {
        let mut command = Vec::new();
        for word in words(line) {
            match word.as_str() {
                "&&" | "||" | "|" | "&" | ";" => commands.push(std::mem::take(&mut command)),
                _ if command.is_empty() && word.contains('=') => {}
                _ => command.push(word),
            }
        }
        commands.push(command);
    }
    commands.retain(|command| !command.is_empty());
    commands
}

/// The words of a line before a comment or a redirection.
fn words(line: &str) -> Vec<String> {
    let words = shlex::split(line).unwrap_or_default().into_iter();
    words.take_while(|word| !word.starts_with('>')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_read_without_what_the_shell_does() {
        let code = "A=1 viseme run --text 'a # b' \\\n  --out x.mp4   # costs money\n# all\n\
                    cd integrations && redis-server &\nviseme man > file\n";
        let found = commands(code);
        let expected: [&[&str]; 4] = [
            &["viseme", "run", "--text", "a # b", "--out", "x.mp4"],
            &["cd", "integrations"],
            &["redis-server"],
            &["viseme", "man"],
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn unknown_commands_paths_and_programs_are_faults() {
        for (code, expected) in [
            ("cargo xtask test clippy\ncargo install --path cli\n", 0),
            ("cargo xtask no-such-command\n", 1),
            ("cargo install --path no-such-folder\n", 1),
            ("cargo add --path CLONE/core\ncp CLONE/samples/face.mp4 .\n", 0),
            ("cp CLONE/samples/none.mp4 .\n", 1),
            ("npm install CLONE/target/npm/viseme-0.1.0.tgz\n", 0),
            ("cd integrations/none\n", 1),
            ("pip install ./bindings-python ./none\n", 1),
            ("vizeme run\n", 1),
        ] {
            assert_eq!(faults(code).len(), expected, "{code}: {:?}", faults(code));
        }
        assert_eq!(fault_of_mention("cargo xtask node pack"), None);
        assert_eq!(fault_of_mention("cargo xtask mutants"), None);
        assert!(fault_of_mention("cargo xtask no-such-command").is_some());
    }
}
