//! To come.
/// To come.
#[derive(Debug)]
pub struct Body;
/// To come.
#[derive(Debug)]
pub struct Cluster;
/// To come.
#[derive(Debug)]
pub struct Moment;
/// To come.
#[derive(Debug)]
pub struct Options;
