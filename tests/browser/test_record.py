"""What a guided run leaves: the same plans as a headless one, executed notebooks that tell all of it, nothing else."""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from nbconvert import HTMLExporter

from helpers.rehearsal.serve import Served
from tests.browser.pages import chromium
from tests.browser.starting import ROOT, parameters
from tests.browser.walking import STEPS, Walked
from tests.commands.conftest import Commands

pytestmark = pytest.mark.slow
JSON_TYPE = "application/vnd.cmek-runbook.v1+json"
TOLD = ("facts", "preflight", "plan", "approval", "verdicts")
"""What lines of a ledger are about, and must be told by the notebook too."""


class Page(NamedTuple):
    """A static page: its visible text, and the addresses it asked for beside its own file."""

    text: str
    asked: list[str]


def static(notebook: Path) -> str:
    """An executed notebook as HTML that links to nothing."""
    exporter = HTMLExporter()
    for name in ("jquery_url", "require_js_url", "mathjax_url", "mermaid_js_url", "jupyter_widgets_base_url"):
        setattr(exporter, name, "")
    body, _ = exporter.from_filename(str(notebook))
    return re.sub(r"<script[^>]*>.*?</script>", "", body, flags=re.DOTALL)


def squeezed(text: str) -> str:
    """Text without white space: how lines are wrapped says nothing."""
    return re.sub(r"\s+", "", text)


def shown(notebook: dict[str, Any]) -> list[tuple[Any, str]]:
    """Each output of the suite: its value for machines, and its words for people."""
    outputs = [one["data"] for cell in notebook["cells"] for one in cell.get("outputs", []) if "data" in one]
    own = [data for data in outputs if JSON_TYPE in data]
    words = [html.unescape(re.sub(r"<[^>]+>", " ", "".join(data["text/html"]))) for data in own]
    return [
        ({k: v for k, v in data[JSON_TYPE].items() if k != "kind"}, said) for data, said in zip(own, words, strict=True)
    ]


def told(row: dict[str, Any]) -> tuple[str, Any]:
    """What a line of the ledger is about, and its value."""
    return next((name, row[name]) for name in TOLD if name in row)


def test_guided_and_headless_plan_the_same(walked: Walked, tmp_path: Path) -> None:
    """Every plan of the guided run, from consent to the attach, has the digest that a headless run gives it."""
    with Served("healthy") as cloud:
        headless = Commands(cloud, tmp_path)
        assert headless("run", "-f", str(parameters(tmp_path, "apply"))).code == 3
        planned = [row["plan"] for row in headless.ledger() if row["event"] == "plan"]
    ahead = {plan["step"]: plan["digest"] for plan in planned}
    guided: dict[str, str] = {}
    for row in walked.ledger:
        if row["event"] == "plan":
            guided.setdefault(row["plan"]["step"], row["plan"]["digest"])
    assert set(ahead) == {*STEPS} - {"04_verify"} | {
        "04_verify: remedies",
        "04_verify: remedies for good",
        "05_register: attach",
    }
    assert guided == ahead


def test_a_run_holds_its_notebooks_its_ledger_and_its_approvals(walked: Walked) -> None:
    """JupyterLab leaves nothing of its own in the run's folder: no checkpoints, no untitled files."""
    files = {str(path.relative_to(walked.run)) for path in walked.run.rglob("*")}
    approvals = {name for name in files if name.startswith("approvals/")}
    notebooks = {f"notebooks/{path.name}" for path in (ROOT / "notebooks").glob("*.ipynb")}
    assert files - approvals == {"approvals", "notebooks", *notebooks, "ledger.jsonl", "kernels.log"}
    assert len(approvals) == 5 and all("-used-" in name for name in approvals)


@pytest.mark.parametrize("step", STEPS)
def test_a_saved_notebook_holds_no_widgets(walked: Walked, step: str) -> None:
    """No state of a form in its metadata, and no form in its outputs."""
    notebook = walked.notebook(step)
    assert "widgets" not in notebook["metadata"]
    media = {media for cell in notebook["cells"] for one in cell.get("outputs", []) for media in one.get("data", {})}
    assert media <= {"text/plain", "text/html", JSON_TYPE}


@pytest.fixture(scope="module")
def pages(walked: Walked, program: str, pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Page]:
    """Each executed notebook as static HTML, as a browser shows it that reaches nothing."""
    folder = tmp_path_factory.mktemp("static")
    found = {}
    with chromium(program) as browser:
        context = browser.new_context(offline=True, viewport={"width": 1280, "height": 900})
        for step in STEPS:
            file = folder / f"{step}.html"
            file.write_text(static(walked.run / "notebooks" / f"{step}.ipynb"), encoding="utf-8")
            page = context.new_page()
            asked: list[str] = []
            page.on("request", lambda request, asked=asked: asked.append(request.url))
            page.goto(file.as_uri())
            found[step] = Page(
                page.inner_text("body"), [url for url in asked if not url.startswith(("file:", "data:"))]
            )
            page.emulate_media(media="print")
            page.screenshot(path=pictures / f"{step}-printed.png", full_page=True)
            if step == "05_register":
                page.pdf(path=pictures / f"{step}.pdf", format="A4")
            page.close()
        context.close()
    return found


@pytest.mark.parametrize("step", STEPS)
def test_a_static_page_tells_every_plan_approval_and_verdict_of_the_ledger(
    walked: Walked, pages: dict[str, Page], step: str
) -> None:
    """Without kernel and network: each value of the ledger is an output's value, and that output's words are there."""
    text, outputs = squeezed(pages[step].text), shown(walked.notebook(step))
    rows = [told(row) for row in walked.last_round(step) if row["event"] in ("plan", "approval", "verdicts")]
    assert rows
    for about, value in rows:
        words = [said for there, said in outputs if there == value]
        assert words, (about, value)
        assert squeezed(words[0]) in text
        if about == "plan":
            assert all(squeezed(item["says"]) in text for item in value["items"])
            assert not any(item["kind"] == "change" for item in value["items"]) or value["digest"][:12] in text
        if about == "approval":
            assert value["by"] in text
        if about == "verdicts":
            assert all(squeezed(f"{check['id']} {check['title']}") in text for check in value["checks"])
            assert all(squeezed(check["verdict"]) in text for check in value["checks"])


@pytest.mark.parametrize("step", STEPS)
def test_a_static_page_tells_every_fact_of_the_ledger(walked: Walked, pages: dict[str, Page], step: str) -> None:
    """Each part of each fact is a part of an output; what is only read back to be judged is there by its ids."""
    text, outputs = squeezed(pages[step].text), shown(walked.notebook(step))
    parts = [(name, part) for there, _ in outputs for name, part in there.items()]
    rows = [told(row) for row in walked.last_round(step) if row["event"] == "facts"]
    assert rows
    for _, value in rows:
        words = [said for there, said in outputs if there == value]
        assert all(squeezed(said) in text for said in words)
        for name, part in value.items():
            if name == "read_at" or (name, part) in parts:
                continue
            ids = re.findall(r"\b(?:ekey|wrkspc)_\w+", json.dumps(part))
            assert ids and all(one in text for one in ids), (name, part)


@pytest.mark.parametrize("step", STEPS)
def test_a_static_page_says_rehearsal_and_asks_for_nothing(pages: dict[str, Page], step: str) -> None:
    """REHEARSAL is in the printed record, and opening it reaches for no other address."""
    assert "REHEARSAL" in pages[step].text
    assert pages[step].asked == []


def test_a_guided_run_is_sealed_and_verified(walked: Walked, tmp_path: Path) -> None:
    """`evidence seal` takes the run of a person in a browser, and `evidence verify` finds nothing broken in it."""
    run = tmp_path / walked.run.name
    shutil.copytree(walked.run, run)
    private = ec.generate_private_key(ec.SECP256R1())
    signer, public = tmp_path / "signer.pem", tmp_path / "public.pem"
    signer.touch(mode=0o600)
    signer.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public.write_bytes(private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))

    def evidence(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "helpers.cli", "evidence", *arguments]
        own = {**os.environ, "CMEK_HOME": str(tmp_path)}
        return subprocess.run(command, cwd=ROOT, env=own, capture_output=True, text=True, timeout=60, check=False)

    sealed = evidence("seal", str(run), "--signer", f"pem:{signer}")
    assert sealed.returncode == 0, sealed.stderr
    verified = evidence("verify", str(run), "--key", str(public), "--run-id", run.name)
    assert verified.returncode == 0, verified.stderr
    assert "Proven: the run is complete, and ended with exit code 0" in verified.stderr
    assert "Broken" not in verified.stderr
