//! Ferry: carries Amazon ECS services from EC2 to Fargate without breaking their SLOs.

fn main() {}
