//! What the compiler says about misuse.
//!
//! `tests/ui/<part>/fail/*.rs` are programs that must not compile: one misuse a file. Each begins
//! with one line `//~ TEXT` for each error that the user must see, and nothing else may be
//! reported. Beside it, `.stderr` is the compiler's whole output.
//!
//! The whole output is compared under one version of the compiler, [`EXACT`]; under others, or when
//! `LODE_UI_LOOSE` is set, each program must fail and its texts must appear. `tests/ui/<part>/pass`
//! are programs that must run.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The compiler whose messages the `.stderr` files hold.
const EXACT: &str = "rustc 1.95.0 ";

/// Where the loose check puts copies of the cases, for a process of its own.
const COPIES: &str = "LODE_UI_COPIES";

/// Programs are modules of this one: to build them apart would build everything again that they stand on.
macro_rules! programs {
    ($($name:ident: $path:literal)*) => {
        $(#[path = $path] mod $name;)*

        #[test]
        fn programs_that_must_run() {
            assert_eq!(cases("pass"), [$(Path::new($path)),*], "one is not listed");
            $($name::main().succeed();)*
        }
    };
}

programs! {
    of_datasets: "ui/dataset/pass/all_of_it.rs"
    of_metadata: "ui/metadata/pass/parameters.rs"
    of_predicates: "ui/predicate/pass/all_of_it.rs"
    of_defaults: "ui/record/pass/defaults_of_parameters.rs"
    of_records_in_functions: "ui/record/pass/inside_a_function.rs"
    of_lints: "ui/record/pass/lints_of_the_record.rs"
    of_names: "ui/record/pass/names_of_the_prelude.rs"
    of_stores: "ui/store/pass/all_of_it.rs"
    of_volumes: "ui/volume/pass/all_of_it.rs"
}

/// What a program's `main` gives.
trait Ending {
    fn succeed(self);
}

impl Ending for () {
    fn succeed(self) {}
}

impl<E: std::fmt::Debug> Ending for Result<(), E> {
    fn succeed(self) {
        self.unwrap();
    }
}

#[test]
fn programs_that_must_not_compile() {
    if is_exact() {
        let tests = trybuild::TestCases::new();
        for case in cases("fail") {
            tests.compile_fail(case);
        }
    } else {
        check_loosely();
    }
}

#[test]
fn expected_output_is_complete() {
    for case in cases("fail") {
        let output = case.with_extension("stderr");
        let expected = fs::read_to_string(&output)
            .unwrap_or_else(|error| panic!("{}: {error}", output.display()));
        let texts = texts(&case);
        check_texts(&case, &texts, &expected);
        let errors = expected.lines().filter(|line| is_error(line)).count();
        assert_eq!(errors, texts.len(), "{}: one `//~` line for each error", output.display());
    }
    for output in files("fail", "stderr") {
        assert!(output.with_extension("rs").exists(), "{}: no such case", output.display());
    }
}

fn is_error(line: &str) -> bool {
    line.starts_with("error: ") || line.starts_with("error[")
}

/// Lets `trybuild` write the output of copies of the cases, and looks for our texts in it.
fn check_loosely() {
    let copies = Path::new(env!("CARGO_TARGET_TMPDIR")).join("ui");
    let _ = fs::remove_dir_all(&copies);
    fs::create_dir_all(&copies).unwrap();
    let cases: Vec<_> =
        cases("fail").into_iter().map(|case| (copied(&case, &copies), case)).collect();
    let run = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "ui::write_output_of_copies"])
        .env(COPIES, &copies)
        .env("TRYBUILD", "overwrite")
        .output()
        .unwrap();
    let report = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "a program that must not compile does:\n{report}");
    for (copy, case) in cases {
        let output = fs::read_to_string(copy.with_extension("stderr")).unwrap();
        check_texts(&case, &texts(&case), &output);
    }
}

#[test]
#[ignore = "the second process of the loose check"]
fn write_output_of_copies() {
    if let Some(copies) = std::env::var_os(COPIES) {
        trybuild::TestCases::new().compile_fail(Path::new(&copies).join("*.rs"));
    }
}

fn copied(case: &Path, copies: &Path) -> PathBuf {
    let name = case.components().skip(1).map(|part| part.as_os_str().to_string_lossy());
    let copy = copies.join(name.collect::<Vec<_>>().join("-"));
    fs::copy(case, &copy).unwrap();
    copy
}

fn check_texts(case: &Path, texts: &[String], output: &str) {
    for text in texts {
        assert!(output.contains(text), "{}: not said: {text}\n{output}", case.display());
    }
}

/// What stands in the lines `//~ TEXT`.
fn texts(case: &Path) -> Vec<String> {
    let program = fs::read_to_string(case).unwrap();
    let texts = program.lines().filter_map(|line| line.strip_prefix("//~ "));
    let texts: Vec<_> = texts.map(|text| text.trim().to_owned()).collect();
    assert!(!texts.is_empty(), "{}: no `//~ TEXT` line", case.display());
    texts
}

fn cases(kind: &str) -> Vec<PathBuf> {
    let cases = files(kind, "rs");
    assert!(!cases.is_empty());
    cases
}

/// `ui/*/<kind>/*.<extension>`, relative to the package.
fn files(kind: &str, extension: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for part in entries(Path::new("ui")) {
        let of_kind = part.join(kind);
        if of_kind.exists() {
            files.extend(entries(&of_kind));
        }
    }
    files.retain(|file| file.extension().is_some_and(|found| found == extension));
    files
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn is_exact() -> bool {
    let compiler = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = Command::new(compiler).arg("--version").output().unwrap().stdout;
    std::env::var_os("LODE_UI_LOOSE").is_none() && version.starts_with(EXACT.as_bytes())
}
