"""Pages of other addresses, in a real browser: nothing is read, nothing is changed."""

import json
import threading
import urllib.error
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import expect

from acutecast.workspace import create_scenario, identify, list_scenarios, open_workspace
from acutecast.workspace.settings import Settings
from app.conftest import until

expect.set_options(timeout=60_000)

ATTACK = """
<!doctype html><title>A page of somebody else</title><iframe id="frame" src="%(site)s"></iframe>
<script>
const told = {};
async function tried(name, work) {
  try { told[name] = await work(); } catch (e) { told[name] = "refused"; } }
(async () => {
  await tried("page", async () => (await (await fetch("%(site)s")).text()).slice(0, 40));
  await tried("opaque", async () => (await fetch("%(site)s", {mode: "no-cors"})).type);
  await tried("upload", async () => (await fetch("%(site)ssession/a/upload/b",
    {method: "POST", body: "x"})).status);
  await tried("script", () => new Promise((yes, no) => { const s = document.createElement("script");
    s.src = "%(site)svega/vega.js"; s.onload = () => yes("read"); s.onerror = no;
    document.head.append(s); }));
  await tried("socket", () => new Promise((yes, no) => {
    const socket = new WebSocket("%(site)swebsocket/".replace("http", "ws"));
    socket.onerror = no; socket.onclose = no;
    socket.onopen = () => {
      socket.send(JSON.stringify({method: "init", data: {".clientdata_url_search": "?page=home"}}));
      socket.send(JSON.stringify({method: "update", data: {delete_scenario: "%(scenario)s"}})); };
    socket.onmessage = (said) => yes(said.data.slice(0, 40)); }));
  document.title = JSON.stringify(told);
})();
</script>"""


@pytest.fixture
def attacker():
    """A web server of somebody else; gives its port and takes the page that it serves."""
    pages = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.end_headers()
            self.wfile.write(pages[-1].encode())

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_port, pages
    server.shutdown()
    thread.join()


@pytest.fixture
def deceived(browser):
    """A page in a browser for which a name of somebody else's leads to this machine."""
    context = browser.new_context()
    yield context.new_page()
    context.close()


def test_a_page_of_another_address_reads_and_changes_nothing(site, attacker, deceived):
    ws = open_workspace(Settings(home=site.home))
    person = identify(ws.settings, {})
    scenario = create_scenario(ws, person, {"name": "Mine"}, "DEMO", "Mine")
    port, pages = attacker
    pages.append(ATTACK % {"site": site.address, "scenario": scenario.id})
    for name in ("attacker.example", "localhost", "127.0.0.1"):
        deceived.goto(f"http://{name}:{port}/")
        until(deceived, "document.title.startsWith('{')")
        told = json.loads(deceived.title())
        assert set(told) == {"page", "opaque", "upload", "script", "socket"}
        assert set(told.values()) == {"refused"}, (name, told)
        framed = deceived.frame_locator("#frame").locator("body")
        assert "Scenarios" not in framed.inner_text()
    # The same through a name that was made to lead to the application itself.
    ours = urlsplit(site.address).port
    answer = deceived.goto(f"http://attacker.example:{ours}/")
    assert answer is not None
    assert answer.status == 403
    assert "ACUTECAST_HOSTS" in deceived.content()
    with_name = site.address.replace("127.0.0.1", "attacker.example")
    pages.append(ATTACK % {"site": with_name, "scenario": scenario.id})
    deceived.goto(f"http://attacker.example:{port}/")
    until(deceived, "document.title.startsWith('{')")
    assert set(json.loads(deceived.title()).values()) == {"refused"}
    assert scenario.id in {row.id for row in list_scenarios(ws, person)}
    ws.close()


def test_answers_have_safe_headers_and_nothing_is_uploaded(site):
    with urlopen(site.address, timeout=60) as answer:
        headers = answer.headers
        page = answer.read().decode()
    assert "server" not in headers
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    policy = headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-eval" not in policy
    assert "'unsafe-inline'" not in policy.partition("script-src")[2].partition(";")[0]
    assert page.count("<script>") == policy.count("sha256-")
    asked = Request(f"{site.address}session/a/upload/b", b"x", method="POST")
    with pytest.raises(urllib.error.HTTPError) as caught:
        urlopen(asked, timeout=60)
    assert caught.value.code == 403
    assert "Nothing is uploaded here" in caught.value.read().decode()


def test_a_page_has_no_way_to_send_files_past_its_own_field(page, site):
    page.goto(site.link("?page=home"))
    until(page, "window.Shiny && Shiny.shinyapp && Shiny.shinyapp.isConnected()")
    said = page.evaluate(
        """() => new Promise((yes) => Shiny.shinyapp.makeRequest("uploadInit",
            [[{name: "a", size: 5e8, type: ""}]], () => yes("taken"),
            (said) => yes(String(said))))"""
    )
    assert "Unknown method" in said
