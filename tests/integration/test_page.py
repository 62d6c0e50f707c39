"""The page for people in a real browser, over a real daemon with a real worker."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from pytest_twisted import ensureDeferred
from twisted.internet import reactor
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThread

from tests.integration.browser import Look, in_browser, needs_browser
from tests.integration.daemon import Daemon, Stage

pytestmark = [pytest.mark.slow, needs_browser]

COUNT = {
    "info": {"name": "count letters"},
    "tasks": [
        {
            "taskid": "count",
            "cmd": {
                "name": "bash",
                "args": "-c 'echo line 1; until test -e $0; do sleep 0.1; done; echo line 2; wc -c <@reads >n' {go}",
            },
            "inputs": [{"filename": "reads"}],
            "outputs": [{"filename": "n"}],
        },
        {"taskid": "end", "cmd": {"name": "true"}, "dependsOn": ["count"]},
    ],
}


def sleeping(name: str, seconds: int = 600) -> dict[str, Any]:
    """A job that goes on for a while."""
    return {"info": {"name": name}, "tasks": [{"taskid": "s", "cmd": {"name": "sleep", "args": str(seconds)}}]}


def work(daemon: Daemon) -> None:
    """Start a worker."""
    daemon.stage.run("-m", "awed.worker", "--server", daemon.url, "--workdir", "w", "--slots", "4")


@ensureDeferred
async def test_a_job_is_submitted_with_a_file_watched_to_its_end_and_its_output_downloaded(daemon: Daemon) -> None:
    work(daemon)
    reads = daemon.stage.folder / "reads"
    reads.write_text("ACGT\n" * 100)
    go = daemon.stage.folder / "go"

    def steps(look: Look) -> str:
        page = look.page
        look.go("submit")
        page.fill("textarea[name=document]", json.dumps(COUNT).replace("{go}", str(go)))
        page.set_input_files("input[type=file][name=files]", str(reads))
        page.wait_for_selector("[data-ok=true]")
        page.wait_for_selector("#told [data-task=count]")
        page.click("button[type=submit].main")
        page.wait_for_url("**/ui/job/*")
        page.evaluate("window.notReloaded = true")
        look.expected.append("503")
        page.route("**/log?*", lambda route: route.fulfill(status=503), times=2)
        page.click("[data-task=count]")
        page.wait_for_url("**/task/count?*")
        page.wait_for_selector("[data-log=stdout]:has-text('line 1')")
        assert page.locator("[data-job-state=in-progress]").count()
        go.touch()
        page.wait_for_selector("[data-log=stdout]:has-text('line 2')")
        page.wait_for_selector("[data-job-state=completed]")
        assert page.evaluate("window.notReloaded")
        assert page.locator("[data-task=end]").get_attribute("data-state") == "completed"
        page.click("text=Files")
        page.wait_for_selector("[data-view=files]")
        with page.expect_download() as download:
            page.click("[data-kind=output] a[download]")
        return Path(download.value.path()).read_text()

    assert (await in_browser(daemon.url, steps)).strip() == "500"


@ensureDeferred
async def test_a_failing_job_is_explained_and_run_again(daemon: Daemon) -> None:
    work(daemon)
    place = daemon.stage.folder / "there"
    command = {"name": "bash", "args": f"-c 'test -e {place} || {{ echo no such file >&2; exit 3; }}'"}
    job = await daemon.submit(
        {"info": {"name": "fails", "noretry": True}, "tasks": [{"taskid": "look", "cmd": command}]}
    )

    def steps(look: Look) -> None:
        page = look.page
        look.go()
        page.click("text=fails")
        page.wait_for_selector("[data-job-state=suspend]")
        assert "exit status 3" in page.text_content("#why")
        page.click("[data-task=look]")
        page.wait_for_selector("[data-log=stderr]:has-text('no such file')")
        place.touch()
        page.click("summary:has-text('Re-run failed')")
        page.click("#do-resume button")
        page.wait_for_selector("[data-job-state=completed]")
        page.go_back()
        page.go_back()
        page.wait_for_selector(f"[data-job='{job['id']}']")
        page.go_forward()
        page.wait_for_selector("[data-view=graph]")

    await in_browser(daemon.url, steps)


@ensureDeferred
async def test_calls_of_the_api_are_tried_by_who_is_logged_in(stage: Stage) -> None:
    (stage.folder / "awed.conf").write_text("[Anonymous]\nread = true\nwrite = false\ndelete = false\n")
    daemon = stage.daemon("--config", str(stage.folder / "awed.conf"))
    await daemon.start()
    token = (daemon.data / "admin-token").read_text().strip()
    document = daemon.stage.folder / "job.json"
    document.write_text(json.dumps(sleeping("tried")))

    def steps(look: Look) -> None:
        page = look.page
        look.expected += ["401"]

        def tried(call: str, status: int) -> str:
            page.click(f"#{call} .buttons button")
            page.wait_for_selector(f"#{call} [data-status='{status}']")
            page.locator(f"#{call} .answer button").wait_for(state="detached")
            return str(page.text_content(f"#{call} .answer pre"))

        look.go("api")
        page.click("#post_job summary")
        page.set_input_files("#post_job [name='part.upload']", str(document))
        assert "curl -X POST -F 'upload=@job.json'" in page.text_content("#post_job .curl")
        tried("post_job", 401)
        look.go("login")
        page.fill("input[name=token]", token)
        page.click("form.login button")
        look.go("api")
        page.click("#post_job summary")
        page.set_input_files("#post_job [name='part.upload']", str(document))
        job = json.loads(tried("post_job", 200))["data"]["id"]
        page.click("#get_job summary")
        page.fill("#get_job [name='query.words']", "<img src=x onerror=alert(1)>' tried")
        assert json.loads(tried("get_job", 200))["data"] == []
        page.fill("#get_job [name='query.words']", "tried")
        assert json.loads(tried("get_job", 200))["data"][0]["id"] == job
        page.click("#delete_job_job_id summary")
        page.fill("#delete_job_job_id [name='path.job_id']", job)
        page.once("dialog", lambda dialog: dialog.accept())
        assert "deleted" in tried("delete_job_job_id", 200)
        page.click("text=events")
        page.click("#get_events summary")
        page.fill("#get_events [name='query.since']", "0")
        page.check("#get_events [name='query.stream']")
        page.click("#get_events .buttons button")
        page.wait_for_selector(f"#get_events pre:has-text('{job}')")
        page.click("text=Stop")

    await in_browser(daemon.url, steps)


@ensureDeferred
async def test_several_jobs_are_suspended_and_found(daemon: Daemon) -> None:
    for number in range(3):
        await daemon.submit(sleeping(f"job {number}"))

    def steps(look: Look) -> None:
        page = look.page
        look.go()
        page.keyboard.press("/")
        page.keyboard.type('name:"job" state:queued')
        page.keyboard.press("Enter")
        page.wait_for_url("**q=*")
        assert page.locator("#rows tr").count() == 3
        page.keyboard.press("j")
        page.keyboard.press("x")
        page.keyboard.press("j")
        page.keyboard.press("x")
        page.click("button[value=suspend]")
        page.locator("#rows tr").nth(1).wait_for(state="detached")
        page.click("#chips >> text=suspended")
        page.locator("#rows tr[data-state=suspend]").nth(1).wait_for()

    await in_browser(daemon.url, steps)


@ensureDeferred
async def test_what_comes_late_does_not_take_the_place_of_where_one_has_gone(daemon: Daemon) -> None:
    job = (await daemon.submit(sleeping("late")))["id"]

    def steps(look: Look) -> None:
        page, held = look.page, list[Any]()

        def hold(route: Any) -> None:
            held.append(route)

        look.go(f"job/{job}")
        page.route(f"**/ui/job/{job}", hold)
        live = "document.querySelector('script[type=module]').src.replace('awed.js', 'live.js')"
        page.evaluate(f"() => import({live}).then((live) => {{ window.late = live.show(location.href) }})")
        page.click("text=Files")
        page.wait_for_selector("[data-view=files]")
        for route in held:
            route.continue_()
        page.evaluate("window.late")
        assert page.locator("[data-view=files]").count() == 1

    await in_browser(daemon.url, steps)


@ensureDeferred
async def test_no_row_moves_under_the_pointer(daemon: Daemon) -> None:
    await daemon.submit(sleeping("first"))
    marks = {name: daemon.stage.folder / name for name in ("there", "workers")}

    def steps(look: Look) -> None:
        page = look.page
        look.go()
        page.hover("#rows tr:has-text('first')")
        marks["there"].touch()
        page.wait_for_selector("#newer")
        assert page.locator("#rows tr").count() == 1
        page.click("#newer")
        page.locator("#rows tr").nth(1).wait_for()
        page.locator("#newer").wait_for(state="detached")
        look.go("workers")
        page.hover("#rows tr >> nth=0")
        marks["workers"].touch()
        page.wait_for_selector("#newer")
        assert page.locator(".notice").count() == 0
        page.click("#newer")
        page.locator("#rows tr").nth(1).wait_for()

    await daemon.register(name="b")
    done = in_browser(daemon.url, steps)
    await _appears(marks["there"])
    await daemon.submit(sleeping("second"))
    await _appears(marks["workers"])
    await daemon.register(name="a")
    await done


@ensureDeferred
async def test_logging_in_and_out(stage: Stage) -> None:
    (stage.folder / "awed.conf").write_text("[Anonymous]\nread = false\nwrite = false\ndelete = false\n")
    daemon = stage.daemon("--config", str(stage.folder / "awed.conf"))
    await daemon.start()
    token = (daemon.data / "admin-token").read_text().strip()

    def steps(look: Look) -> None:
        page = look.page
        look.expected += ["401"]
        look.go("workers")
        page.fill("input[name=token]", "wrong")
        page.click("form.login button")
        page.wait_for_selector("[role=alert]:has-text('Nobody')")
        page.fill("input[name=token]", token)
        page.click("form.login button")
        page.wait_for_url("**/ui/workers")
        page.wait_for_selector("h1:has-text('Workers')")
        (cookie,) = page.context.cookies()
        assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
        assert page.evaluate("document.cookie") == ""
        look.go("queue")
        forge = "for (const field of document.querySelectorAll('[name=form_token]')) field.value = 'x'"
        page.evaluate(f"() => {{ {forge}; document.querySelector('.actions button').click() }}")
        page.wait_for_selector("[role=alert]:has-text('does not come from a page of this server')")
        look.go()
        page.click("text=Log out")
        page.wait_for_selector("form.login")

    await in_browser(daemon.url, steps)


@ensureDeferred
async def test_without_a_script_all_is_there(daemon: Daemon) -> None:
    work(daemon)

    def steps(look: Look) -> None:
        page = look.page
        look.go("submit")
        page.fill("textarea[name=document]", json.dumps(sleeping("plain", 0)))
        page.click("button:has-text('Check')")
        page.wait_for_selector("[data-ok=true]")
        page.click("button.main")
        page.wait_for_url("**/ui/job/*")
        for tab in ("Timeline", "Tasks", "Files", "Document", "Events", "Graph"):
            page.click(f".tabs >> text={tab}")
            page.wait_for_selector(f"[data-view={tab.lower()}]")
        page.click("[data-task=s]")
        page.wait_for_selector("[data-log=stdout]")
        page.click("summary:has-text('Delete')")
        page.click("#do-delete button")
        page.wait_for_selector("#rows tr[data-state=deleted]")

    await in_browser(daemon.url, steps, java_script_enabled=False)


@ensureDeferred
async def test_an_open_page_goes_on_by_itself_when_the_daemon_is_back(daemon: Daemon) -> None:
    job = await daemon.submit(sleeping("survivor"))
    marks = {name: daemon.stage.folder / name for name in ("seen", "lost")}

    def steps(look: Look) -> None:
        page = look.page
        look.expected += ["ERR_CONNECTION_REFUSED", "ERR_EMPTY_RESPONSE", "ERR_CONNECTION_RESET", "ERR_INCOMPLETE"]
        look.go(f"job/{job['id']}")
        page.evaluate("window.notReloaded = true")
        marks["seen"].touch()
        page.wait_for_selector(".notice")
        marks["lost"].touch()
        page.wait_for_selector("[data-job-state=suspend]")
        page.wait_for_selector(".notice", state="detached")
        assert page.evaluate("window.notReloaded")

    done = in_browser(daemon.url, steps)
    await _appears(marks["seen"])
    await daemon.kill()
    await _appears(marks["lost"])
    await daemon.start()
    await daemon.call("PUT", f"/job/{job['id']}?suspend")
    await done


@ensureDeferred
async def test_an_open_page_gives_up_what_never_comes(daemon: Daemon) -> None:
    """Else it would be as old as that for ever, and not say so."""
    job = (await daemon.submit(sleeping("stuck")))["id"]

    def steps(look: Look) -> None:
        page, held = look.page, list[Any]()

        def hold(route: Any) -> None:
            held.append(route)

        page.clock.install()
        look.go(f"job/{job}")
        page.route(f"**/ui/job/{job}", hold)
        live = "document.querySelector('script[type=module]').src.replace('awed.js', 'live.js')"
        page.evaluate(f"() => import({live}).then((live) => live.refresh())")
        while not held:
            page.clock.run_for(100)
        assert page.locator(".notice").count() == 0
        page.clock.run_for(61_000)
        page.wait_for_selector(".notice:has-text('does not answer')")
        page.unroute(f"**/ui/job/{job}")
        page.clock.run_for(10_000)
        page.wait_for_selector(".notice", state="detached")

    await in_browser(daemon.url, steps)


async def _appears(path: Path) -> None:
    """Wait until another thread makes the file."""
    while not path.exists():  # noqa: ASYNC240 - it is a matter of microseconds
        await deferLater(reactor, 0.05)


PAGES = ("", "submit", "workers", "queue", "farm", "api", "api?of=node", "login", "job/{job}", "job/{job}/task/count")


def _axe(folder: Path) -> str:
    """The script of axe-core, "" if it cannot be had."""
    npm = shutil.which("npm")
    if npm is not None:
        subprocess.run([npm, "install", "--silent", "axe-core@4"], cwd=folder, capture_output=True, check=False)
    script = folder / "node_modules" / "axe-core" / "axe.min.js"
    return script.read_text() if script.exists() else ""


@ensureDeferred
async def test_axe_finds_nothing_serious_on_any_page(daemon: Daemon, tmp_path: Path) -> None:
    source = await deferToThread(_axe, tmp_path)
    if not source:
        pytest.skip("npm does not bring axe-core: it is not here, or the network or its registry is away")
    job = (await daemon.submit({**COUNT, "tasks": [{"taskid": "count", "cmd": {"name": "true"}}]}))["id"]
    await daemon.register(name="box")
    tabs = [f"job/{job}?tab={tab}" for tab in ("timeline", "tasks", "files", "document", "events")]

    def steps(look: Look) -> list[str]:
        found = []
        for path in [*(path.format(job=job) for path in PAGES), *tabs]:
            look.go(path)
            look.page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
            look.page.evaluate(source)
            results = look.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
            found += [
                f"{path} {one['id']}: {node['html'][:150]}"
                for one in results["violations"]
                if one["impact"] in ("serious", "critical")
                for node in one["nodes"][:3]
            ]
        return found

    for scheme in ("light", "dark"):
        options = {"color_scheme": scheme, "bypass_csp": True}
        assert await in_browser(daemon.url, steps, **options) == []
    narrow = {"viewport": {"width": 375, "height": 700}, "bypass_csp": True}

    def fits(look: Look) -> list[str]:
        wide = "document.documentElement.scrollWidth > innerWidth"
        found = []
        for path in PAGES:
            look.go(path.format(job=job))
            found += [path] if look.page.evaluate(wide) else []
        return found

    assert await in_browser(daemon.url, fits, **narrow) == []
