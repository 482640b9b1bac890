//! For CDK, in TypeScript: a function that leaves things to Ferry and gives the stack policies.
//!
//! Sources, in the AWS CDK Developer Guide and API reference
//! (<https://docs.aws.amazon.com/cdk/>):
//!
//! - a property is taken out of a template by `CfnResource.addPropertyDeletionOverride`, also
//!   where a construct of a higher level puts it there ("Customize constructs from the AWS
//!   Construct Library", escape hatches);
//! - `cdk deploy` sets no stack policy, and `--revert-drift` puts templates' values back
//!   (`cdk deploy`); logical ids must stay, since another id is another resource.
//!
//! What each resource is left with is as for CloudFormation.

use std::fmt::Write as _;
use std::sync::Arc;

use model::spec::Migration;

use crate::cloudformation::{Left, left};
use crate::held::held;
use crate::label::{camel, labels, member, plain, quoted, unique};

const HEAD: &str = r#"// What Ferry holds of these migrations, for CDK. Pass the construct of each thing that your app
// declares, of whichever level, and write what is returned to files:
//
//   aws cloudformation set-stack-policy --stack-name NAME --stack-policy-body file://NAME.json
//
// The policy refuses updates that would change what Ferry holds; an update that must is let through
// by --stack-policy-during-update-body. Never run `cdk deploy --revert-drift` meanwhile.
import { CfnResource } from "aws-cdk-lib";
import type { IConstruct } from "constructs";

type Held = [construct: IConstruct | undefined, type: string, denied: string[], leftOut: string[]];

/** Takes out of templates what they may leave out, and denies the rest; by the names of stacks. */
function leave(things: Held[]): Record<string, string> {
  const denied: Record<string, object[]> = {};
  for (const [construct, type, actions, leftOut] of things) {
    if (construct === undefined) continue;
    const is = (it: IConstruct): it is CfnResource =>
      CfnResource.isCfnResource(it) && it.cfnResourceType === type;
    const resources = construct.node.findAll().filter(is);
    if (resources.length === 0) throw new Error(`${construct.node.path} holds no ${type}`);
    for (const resource of resources) {
      leftOut.forEach((property) => resource.addPropertyDeletionOverride(property));
      const id = resource.stack.resolve(resource.logicalId);
      (denied[resource.stack.stackName] ??= []).push({
        Effect: "Deny", Principal: "*", Action: actions, Resource: `LogicalResourceId/${id}`,
      });
    }
  }
  const all = { Effect: "Allow", Principal: "*", Action: "Update:*", Resource: "*" };
  const policy = (statements: object[]) => JSON.stringify({ Statement: [all, ...statements] });
  return Object.fromEntries(Object.entries(denied).map(([name, it]) => [name, policy(it)]));
}
"#;

/// One migration: the name of its interface, and its things by the members of it.
struct Constructs {
    name: String,
    own: String,
    things: Vec<(String, Left)>,
}

/// What CDK leaves to Ferry of these migrations: a module of TypeScript.
#[must_use]
pub fn cdk(migrations: &[Arc<Migration>]) -> String {
    let mut names: Vec<String> = Vec::new();
    let constructs = migrations.iter().map(|migration| {
        let own = migration.name().to_string();
        let name = unique(format!("Of{}", camel(std::slice::from_ref(&own))), &names);
        names.push(name.clone());
        let held = held(migration);
        let members = labels(&held, |it| member(&it.words[1..]));
        Constructs { name, own, things: members.into_iter().zip(held.iter().map(left)).collect() }
    });
    let constructs: Vec<Constructs> = constructs.collect();
    let mut text = HEAD.to_owned();
    for it in &constructs {
        write_interface(&mut text, it);
    }
    write_function(&mut text, &constructs);
    text
}

fn write_interface(text: &mut String, Constructs { name, own, things }: &Constructs) {
    line(text, &format!("\n/** The constructs of {}. */", plain(own)));
    line(text, &format!("export interface {name} {{"));
    for (member, left) in things {
        line(text, &format!("  // {}", left.what));
        line(text, &format!("  {member}?: IConstruct;"));
    }
    line(text, "}");
}

/// One function for all, since a stack has one policy.
fn write_function(text: &mut String, constructs: &[Constructs]) {
    line(text, "\n/** Leaves them to Ferry; gives a stack policy for each stack that has any. */");
    line(text, "export function leaveToFerry(of: {");
    for Constructs { name, own, .. } in constructs {
        line(text, &format!("  {}?: {name};", quoted(own)));
    }
    line(text, "}): Record<string, string> {\n  return leave([");
    for Constructs { own, things, .. } in constructs {
        for (member, Left { resource_type, out, denied, .. }) in things {
            let list = |words: &[&str]| {
                words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(", ")
            };
            let from = format!("of[{}]?.{member}", quoted(own));
            let (denied, out) = (list(denied), list(out));
            line(text, &format!("    [{from}, \"{resource_type}\", [{denied}], [{out}]],"));
        }
    }
    line(text, "  ]);\n}");
}

fn line(text: &mut String, line: &str) {
    // Writing to a string cannot fail.
    writeln!(text, "{line}").ok();
}
