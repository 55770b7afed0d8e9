//~ a record has at most 64 partition keys

use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, lode::Record)]
struct Flight {
    #[lode(partition)]
    k0: bool,
    #[lode(partition)]
    k1: bool,
    #[lode(partition)]
    k2: bool,
    #[lode(partition)]
    k3: bool,
    #[lode(partition)]
    k4: bool,
    #[lode(partition)]
    k5: bool,
    #[lode(partition)]
    k6: bool,
    #[lode(partition)]
    k7: bool,
    #[lode(partition)]
    k8: bool,
    #[lode(partition)]
    k9: bool,
    #[lode(partition)]
    k10: bool,
    #[lode(partition)]
    k11: bool,
    #[lode(partition)]
    k12: bool,
    #[lode(partition)]
    k13: bool,
    #[lode(partition)]
    k14: bool,
    #[lode(partition)]
    k15: bool,
    #[lode(partition)]
    k16: bool,
    #[lode(partition)]
    k17: bool,
    #[lode(partition)]
    k18: bool,
    #[lode(partition)]
    k19: bool,
    #[lode(partition)]
    k20: bool,
    #[lode(partition)]
    k21: bool,
    #[lode(partition)]
    k22: bool,
    #[lode(partition)]
    k23: bool,
    #[lode(partition)]
    k24: bool,
    #[lode(partition)]
    k25: bool,
    #[lode(partition)]
    k26: bool,
    #[lode(partition)]
    k27: bool,
    #[lode(partition)]
    k28: bool,
    #[lode(partition)]
    k29: bool,
    #[lode(partition)]
    k30: bool,
    #[lode(partition)]
    k31: bool,
    #[lode(partition)]
    k32: bool,
    #[lode(partition)]
    k33: bool,
    #[lode(partition)]
    k34: bool,
    #[lode(partition)]
    k35: bool,
    #[lode(partition)]
    k36: bool,
    #[lode(partition)]
    k37: bool,
    #[lode(partition)]
    k38: bool,
    #[lode(partition)]
    k39: bool,
    #[lode(partition)]
    k40: bool,
    #[lode(partition)]
    k41: bool,
    #[lode(partition)]
    k42: bool,
    #[lode(partition)]
    k43: bool,
    #[lode(partition)]
    k44: bool,
    #[lode(partition)]
    k45: bool,
    #[lode(partition)]
    k46: bool,
    #[lode(partition)]
    k47: bool,
    #[lode(partition)]
    k48: bool,
    #[lode(partition)]
    k49: bool,
    #[lode(partition)]
    k50: bool,
    #[lode(partition)]
    k51: bool,
    #[lode(partition)]
    k52: bool,
    #[lode(partition)]
    k53: bool,
    #[lode(partition)]
    k54: bool,
    #[lode(partition)]
    k55: bool,
    #[lode(partition)]
    k56: bool,
    #[lode(partition)]
    k57: bool,
    #[lode(partition)]
    k58: bool,
    #[lode(partition)]
    k59: bool,
    #[lode(partition)]
    k60: bool,
    #[lode(partition)]
    k61: bool,
    #[lode(partition)]
    k62: bool,
    #[lode(partition)]
    k63: bool,
    #[lode(partition)]
    k64: bool,
}

fn store<T: lode::Record>() {}

fn main() {
    store::<Flight>();
}
