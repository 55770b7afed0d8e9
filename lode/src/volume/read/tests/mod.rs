mod ahead;
mod damage;
mod range;
mod reader;
mod support;
