"""Every page and dialog of the dashboard, and how a person gets there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Page, expect

Steps = Callable[[Page], None]
POST = """([action, fields]) => {
    const form = Object.assign(document.createElement("form"), { method: "post", action });
    for (const [name, value] of Object.entries(fields)) {
        form.append(Object.assign(document.createElement("input"), { name, value }));
    }
    const token = document.querySelector("[name=csrfmiddlewaretoken]").cloneNode();
    if (!("csrfmiddlewaretoken" in fields)) form.append(token);
    document.body.append(form);
    form.submit();
}"""
DRAFT, WRONG = "/p/demo/releases/new/{draft}", "/p/demo/releases/new/{wrong_"
OF = "/p/demo/releases/{{{}}}/"
NONSENSE = "ls -l"
PASTED = "curl http://productpage.bookinfo.localhost/productpage -b user=jason -A 'Mozilla/5.0 (Macintosh)'"
RUNNING, OVER = "/p/demo/releases/{running}/", "/p/demo/releases/{taken_over}/"


@dataclass(frozen=True)
class Shown:
    """A page: its address, who looks, and what they do there until it looks as it should."""

    name: str
    path: str
    who: str = "operator"
    steps: Steps | None = None


def typed(name: str, value: str) -> Steps:
    """Type something into a step of the wizard and go on, which is refused."""

    def go(page: Page) -> None:
        page.locator(f"[name={name}]").first.fill(value)
        page.locator("button[name=go][value=next]").last.click()
        expect(page.locator("[aria-invalid=true]").first).to_be_visible()

    return go


def no_choice(page: Page) -> None:
    page.evaluate("document.querySelectorAll('[name=service]').forEach(each => { each.checked = false })")
    page.locator("button[name=go][value=next]").last.click()
    expect(page.locator(".err").first).to_be_visible()


def opened(link: str) -> Steps:
    """Open a deed's dialog by its link or button."""

    def go(page: Page) -> None:
        page.locator(link).first.click()
        expect(page.get_by_role("dialog")).to_be_visible()

    return go


def tested(field: str, text: str) -> Steps:
    """Ask the route tester twice: once for something else."""

    def go(page: Page) -> None:
        for asked, answered in (("no such", ".err"), (text, ".rules, .err")):
            page.locator(field).fill(asked)
            page.locator("form.tester button").click()
            expect(page.locator(f"#answer :is({answered})").first).to_be_visible()
        told = "That is neither" if text == NONSENSE else "Arrives at port"
        expect(page.locator("#answer")).to_contain_text(told if page.locator("html[lang=en]").count() else "")

    return go


def menu(button: str) -> Steps:
    def go(page: Page) -> None:
        page.locator(f"[popovertarget={button}]").click()
        expect(page.locator(f"#{button}")).to_be_visible()

    return go


def take_over(page: Page) -> None:
    menu("m-candidate")(page)
    opened("#m-candidate a")(page)


def unfolded(page: Page) -> None:
    for summary in page.locator("main summary").all():
        summary.click()


def nobody_chosen(page: Page) -> None:
    """Vouch for nobody, which is refused."""
    page.locator("#deed .btn-primary").click()
    expect(page.locator("#vouch-error")).to_be_visible()


def posted(path: str, **fields: str) -> Steps:
    """Send a form as a page of another moment would."""

    def go(page: Page) -> None:
        with page.expect_navigation():
            page.evaluate(POST, [path, fields])

    return go


def stale(page: Page) -> None:
    posted(page.url + "share/", share="80", generation="0")(page)
    expect(page.locator("#deed h1")).to_be_visible()


def wrong_password(page: Page) -> None:
    page.locator("#id_username").fill("operator")
    page.locator("#id_password").fill("wrong")
    page.locator(".wide-btn").click()
    expect(page.get_by_role("alert")).to_be_visible()


PAGES = (
    Shown("sign-in", "/sign-in/", ""),
    Shown("sign-in-refused", "/sign-in/", "", wrong_password),
    Shown("no-project", "/", "stranger"),
    Shown("overview", "/p/demo/"),
    Shown("overview-empty", "/p/empty/", "admin"),
    Shown("applications", "/p/demo/applications/"),
    Shown("applications-empty", "/p/empty/applications/", "admin"),
    Shown("application", "/p/demo/applications/bookinfo/"),
    Shown("releases", "/p/demo/releases/"),
    Shown("releases-not-found", "/p/demo/releases/?q=nothing-like-it"),
    Shown("releases-empty", "/p/empty/releases/", "admin"),
    Shown("modes", "/p/demo/releases/modes/"),
    Shown("menu-theme", "/p/demo/releases/modes/", "operator", menu("theme")),
    Shown("menu-account", "/p/demo/releases/modes/", "operator", menu("me")),
    Shown("menu-projects", "/p/demo/releases/modes/", "admin", menu("projects")),
    Shown("wizard-basic", DRAFT + "/basic/"),
    Shown("wizard-basic-wrong", WRONG + "basic}/basic/", "operator", typed("name", "Reviews V2")),
    Shown("wizard-service", DRAFT + "/service/"),
    Shown("wizard-service-wrong", WRONG + "service}/service/", "operator", no_choice),
    Shown("wizard-version", DRAFT + "/version/"),
    Shown("wizard-version-wrong", WRONG + "version}/version/", "operator", typed("image", "two words")),
    Shown("wizard-policy", DRAFT + "/policy/"),
    Shown("wizard-policy-wrong", WRONG + "policy}/policy/", "operator", typed("share", "120")),
    Shown("wizard-request", "/p/demo/releases/new/{request}/policy/"),
    Shown("wizard-request-wrong", "/p/demo/releases/new/{request_wrong}/policy/"),
    Shown("wizard-steps", "/p/demo/releases/new/{steps}/policy/"),
    Shown("wizard-blue-green", "/p/demo/releases/new/{blue_green}/policy/"),
    Shown("wizard-mirror-service", "/p/demo/releases/new/{mirror_elsewhere}/service/"),
    Shown("wizard-mirror", "/p/demo/releases/new/{mirror}/policy/"),
    Shown("wizard-mirror-elsewhere", "/p/demo/releases/new/{mirror_elsewhere}/policy/"),
    Shown("review", DRAFT + "/review/", "operator", unfolded),
    Shown("review-request", "/p/demo/releases/new/{request}/review/"),
    Shown("review-mirror", "/p/demo/releases/new/{mirror}/review/"),
    Shown("review-elsewhere", "/p/demo/releases/new/{mirror_elsewhere}/review/"),
    Shown("release-running", RUNNING),
    Shown("release-unfolded", RUNNING, "operator", unfolded),
    Shown("release-viewer", RUNNING, "viewer"),
    Shown("release-menu", RUNNING, "operator", menu("m-candidate")),
    Shown("release-troubled", "/p/demo/releases/{troubled}/"),
    Shown("release-taken-over", OVER),
    Shown("release-finished", "/p/demo/releases/{finished}/"),
    Shown("release-steps", OF.format("stepped")),
    Shown("release-awaited", OF.format("awaited")),
    Shown("release-audience", OF.format("audience")),
    Shown("release-blue-green", OF.format("blue_green_release")),
    Shown("release-mirror", OF.format("mirror_release")),
    Shown("release-elsewhere", OF.format("elsewhere")),
    Shown("release-sticky", OF.format("sticky")),
    Shown("release-asking", OF.format("asking")),
    Shown("agree-dialog", OF.format("asking"), "operator", opened("a[data-dialog][href$='agree/']")),
    Shown("agree", OF.format("asking") + "agree/"),
    Shown("vouch-dialog", OF.format("sticky"), "operator", opened("#callers a[data-dialog]")),
    Shown("vouch-wrong", OF.format("sticky") + "vouch/", "operator", nobody_chosen),
    Shown("abandon-asking", OF.format("asking") + "abandon/"),
    Shown("release-edited", OF.format("edited")),
    Shown("reapply-dialog", OF.format("edited"), "operator", opened("a[data-dialog][href$='reapply/']")),
    Shown("reapply-nothing", RUNNING + "reapply/"),
    Shown("release-fell", OF.format("fell")),
    Shown("release-unreached", OF.format("unreached")),
    Shown("forget", RUNNING + "forget/", "admin"),
    Shown("release-crowded-menu", OF.format("audience"), "operator", menu("m-candidate")),
    Shown("routes-dialog", RUNNING, "operator", opened("#routes a[data-dialog]")),
    Shown("continue-dialog", OF.format("awaited"), "operator", opened("#steps a[data-dialog]")),
    Shown("everyone-dialog", OF.format("audience"), "operator", opened("#move form.move button")),
    Shown("exposure-wrong", OF.format("mirror_release") + "exposure/?who=copies&share=0"),
    Shown("pause", OF.format("stepped") + "pause/"),
    Shown("resume-too-early", OF.format("stepped") + "resume/"),
    Shown("switch", OF.format("blue_green_release") + "take-over/?version=v2"),
    Shown("take-over-crowded", OF.format("audience") + "take-over/?version=v3"),
    Shown("abandon", OF.format("awaited") + "abandon/"),
    Shown("tester", "/p/demo/tester/"),
    Shown("tester-form", "/p/demo/tester/?service=reviews", "viewer", tested("#host", "reviews:9080")),
    Shown("tester-curl", "/p/demo/tester/", "operator", tested("#pasted", PASTED)),
    Shown("tester-wrong", "/p/demo/tester/", "operator", tested("#pasted", NONSENSE)),
    Shown("share-dialog", RUNNING, "operator", opened("#move button")),
    Shown("share", RUNNING + "share/?share=80"),
    Shown("share-all", RUNNING + "share/?share=100"),
    Shown("share-wrong", RUNNING + "share/?share=120"),
    Shown("take-over-dialog", RUNNING, "operator", take_over),
    Shown("take-over", RUNNING + "take-over/?version=v2"),
    Shown("roll-back-dialog", RUNNING, "operator", opened("#deeds .btn-danger-line")),
    Shown("roll-back", RUNNING + "roll-back/"),
    Shown("finish-dialog", OVER, "operator", opened("#deeds .btn-primary")),
    Shown("finish", OVER + "finish/"),
    Shown("finish-too-early", RUNNING + "finish/"),
    Shown("not-done", RUNNING, "operator", stale),
    Shown("forbidden", RUNNING + "share/", "viewer"),
    Shown("not-there", "/p/demo/nothing/"),
    Shown(
        "form-refused", "/p/demo/releases/modes/", "operator", posted("/theme/", csrfmiddlewaretoken="wrong")
    ),
    Shown("broken", "/broken/"),
    Shown("database-away", "/away/"),
)
