//! Metadata as a struct of yours, checked when it is written and parsed when it is read.
//!
//! `cargo run --example typed_metadata`

use lode::{Blob, Dataset, Store, metadata};

#[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize, lode::Metadata)]
struct Run {
    model: String,
    seed: u64,
    scores: Vec<f64>,
    settings: Settings,
}

#[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
struct Settings {
    rate: f64,
    steps: u32,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let weights = Dataset::<Blob>::new(&Store::memory(), "weights")?;
    let run = |scores| Run {
        model: "small".into(),
        seed: 7,
        scores,
        settings: Settings { rate: 0.001, steps: 500 },
    };

    let snapshot = weights.write(b"0123", run(vec![0.5, 0.75])).await?;
    println!("{}", snapshot.metadata());
    let back: Run = snapshot.metadata_as()?;
    assert_eq!(back, run(vec![0.5, 0.75]));

    // JSON has no NaN. It is refused with its place, and nothing is written.
    let error = match weights.write(b"4567", run(vec![0.5, f64::NAN])).await {
        Ok(_) => return Err("NaN was accepted".into()),
        Err(error) => error,
    };
    println!("refused: {error}");
    assert!(error.to_string().contains("scores[1]"), "{error}");
    assert_eq!(weights.snapshots().await?, [snapshot.id()]);

    // Metadata of another shape is an error too, when it is read as this struct.
    let other = weights.write(b"89", metadata! { "model": "large" }).await?;
    let error = match other.metadata_as::<Run>() {
        Ok(run) => return Err(format!("this is not a run: {run:?}").into()),
        Err(error) => error,
    };
    println!("of another shape: {error}");
    assert!(error.to_string().contains("seed"), "{error}");
    Ok(())
}
