//! Stories: what happens to a migration, line by line, and the whole report of every pass.
//!
//! Each file under `scenarios/` is read from the top. `#` starts a comment; the comments tell
//! the story and stand in the report too. The verbs are those of [`story::tell`]; what is not
//! said stays as in [`world::World::new`]. Reports are snapshots beside the stories.

mod limits;
mod story;
mod world;

#[test]
fn each_story_has_its_report() {
    insta::glob!("scenarios/*.txt", |path| {
        let text = std::fs::read_to_string(path).expect("a readable story");
        let mut settings = insta::Settings::clone_current();
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| insta::assert_snapshot!(story::tell(&text)));
    });
}
