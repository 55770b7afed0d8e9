use std::collections::BTreeMap;

use super::select::convert;

#[test]
fn records_are_converted_as_they_are() {
    let floats = [f64::NAN, f64::INFINITY, -0.0, 0.1, f64::MIN_POSITIVE];
    let record = BTreeMap::from([("x", floats.map(Some).to_vec()), ("y", vec![None])]);
    let back: BTreeMap<String, Vec<Option<f64>>> = convert(&record, &mut Vec::new()).unwrap();
    assert_eq!(
        back["x"].iter().map(|x| x.unwrap().to_bits()).collect::<Vec<_>>(),
        floats.map(f64::to_bits)
    );
    assert_eq!(back["y"], [None]);
}
