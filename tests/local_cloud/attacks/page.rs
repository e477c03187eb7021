//! A page in a real browser, which sends what it wants to the local cloud.

use serde_json::Value;

use super::presigned;
use crate::browser::visit_page;
use crate::support::{Aws, Cloud, Recorder, eventually};

/// Tries all that a page can: requests without CORS, pictures, forms into a frame, and at last the browser itself.
const PAGE: &str = r#"<!doctype html><meta charset="utf-8"><iframe name="frame"></iframe><script>
const cloud = "CLOUD";
const wait = (element, event) => new Promise(done => {
  element.addEventListener(event, done, { once: true });
  element.addEventListener("error", done, { once: true });
});
const form = async (path, kind, name, value) => {
  const form = document.createElement("form");
  Object.assign(form, { method: "post", action: cloud + path, enctype: kind, target: "frame" });
  const field = document.createElement("input");
  Object.assign(field, { name, value });
  form.append(field);
  document.body.append(form);
  const answered = wait(document.querySelector("iframe"), "load");
  form.submit();
  await answered;
};
(async () => {
  const tried = [];
  const report = {};
  for (const mode of ["no-cors", "cors"]) {
    for (const path of ["FETCHED", "/_ministack/health"]) {
      try {
        const answer = await fetch(cloud + path, { mode });
        if (mode === "cors") report[path] = answer.status;
      } catch {}
      tried.push(mode + " " + path.slice(0, 20));
    }
  }
  const image = new Image();
  const loaded = wait(image, "load");
  image.src = cloud + "PICTURED";
  await loaded;
  await form("/_ministack/reset", "text/plain", "x", "y");
  await form("/_ministack/config", "text/plain", '{"lambda_svc.LAMBDA_EXECUTOR":"docker","x":"', '"}');
  report.tried = tried.length;
  await fetch("/report", { method: "POST", body: JSON.stringify(report) });
  location.href = cloud + "NAVIGATED";
})();
</script>"#;

#[test]
#[ignore = "needs a Chromium (Debian: `apt-get install chromium`)"]
fn a_page_runs_nothing_through_the_local_cloud() {
    let cloud = Cloud::shared();
    let aws = Aws::of(cloud);
    aws.iam("CreateUser", &[("UserName", "survivor")]);
    // Between the browser and the cloud, to see that the browser did send what the page wants.
    let recorder = Recorder::before(cloud);
    let page = PAGE
        .replace("CLOUD", &recorder.endpoint())
        .replace("FETCHED", &presigned("test", "evil-fetched"))
        .replace("PICTURED", &presigned("123456789012", "evil-pictured"))
        .replace("NAVIGATED", &presigned("test", "evil-navigated"));
    let mut seen = Vec::new();
    let report = visit_page(&page, 0, |_| {
        eventually("the browser goes where the page sends it", || {
            seen.extend(recorder.take());
            (seen.iter().filter(|call| *call == "GET /").count() >= 4).then_some(())
        });
    });
    assert_eq!(report["tried"], 4, "{report:#}");
    assert_eq!(report["/_ministack/health"], Value::Null, "{report:#}");
    for call in ["POST /_ministack/reset", "POST /_ministack/config", "GET /_ministack/health"] {
        assert!(seen.iter().any(|one| one == call), "{call} was not sent: {seen:?}");
    }
    for role in ["evil-fetched", "evil-pictured", "evil-navigated"] {
        assert_ne!(aws.try_iam("GetRole", &[("RoleName", role)]).status, 200, "{role} was made");
    }
    // Nobody has reset it.
    aws.iam("DeleteUser", &[("UserName", "survivor")]);
}
