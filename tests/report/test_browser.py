"""The pages as a reader has them: in a real browser, without script or network, wide, narrow and printed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestration.publishing.published import snapshot_path
from orchestration.report.source import open_source
from tests.report.conftest import Report

WIDE, NARROW, PAPER = (1280, 900), (360, 780), (703, 1000)  # A4 less its margins is 703 pixels wide
READABLE = 4.5
# What sticks out of the page to the right: nothing may, unless a scrolling table of its own holds it.
OVERFLOW = """
    () => {
        const width = document.documentElement.clientWidth
        const out = []
        for (const element of document.querySelectorAll('body *')) {
            const box = element.getBoundingClientRect()
            if (box.width === 0 || box.right <= width + 0.5) continue
            if (element.closest('.unseen, .skip, [aria-hidden=true]')) continue
            const scroll = element.closest('.scroll')
            if (scroll && getComputedStyle(scroll).overflowX === 'auto' && scroll !== element) continue
            out.push(element.tagName + '.' + element.className + ' ' + Math.round(box.right))
        }
        return {page: document.documentElement.scrollWidth - width, out: out.slice(0, 5)}
    }
"""
# The least contrast of any visible text against what lies behind it, by WCAG's formula.
CONTRAST = """
    () => {
        const parse = colour => (colour.match(/[\\d.]+/g) || []).map(Number)
        const channel = c => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4
        const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b)
        const behind = element => {
            for (let e = element; e; e = e.parentElement) {
                const colour = parse(getComputedStyle(e).backgroundColor)
                if (colour.length === 3 || colour[3] > 0) return colour
            }
            return [255, 255, 255]
        }
        let least = {ratio: 99, text: '', count: 0}
        const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
        let count = 0
        while (walker.nextNode()) {
            const text = walker.currentNode.textContent.trim(), element = walker.currentNode.parentElement
            if (!text || !element.getClientRects().length) continue
            if (element.closest('.unseen, .skip, title, style')) continue
            const style = getComputedStyle(element)
            const ink = parse(element.closest('svg') ? style.fill : style.color)
            const [a, b] = [light(ink), light(behind(element))].sort((x, y) => y - x)
            const ratio = (a + 0.05) / (b + 0.05)
            count += 1
            if (ratio < least.ratio) least = {ratio, text: text.slice(0, 60)}
        }
        return {...least, count}
    }
"""
CHARTS = """
    () => [...document.querySelectorAll('svg.plot')].map(svg => ({
        label: svg.getAttribute('aria-label'),
        line: getComputedStyle(svg.querySelector('[stroke="var(--chart-line)"]')).stroke,
        height: svg.getBoundingClientRect().height,
        clipped: [...svg.querySelectorAll('text')].filter(text => {
            const [inner, outer] = [text.getBoundingClientRect(), svg.getBoundingClientRect()]
            return inner.left < outer.left - 1 || inner.right > outer.right + 1
        }).map(text => text.textContent),
    }))
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    executable = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if executable is None:
        pytest.skip("Chromium is not installed: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        arguments = ["--no-sandbox"] if os.getuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=executable, args=arguments)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def pages(report: Report) -> dict[str, Path]:
    """One page of each kind; of the teams' the longest, and the one whose name is HTML."""
    found = {path.stem: path for path in report.folder.glob("*.html")}
    teams = sorted(report.folder.glob("teams/*.html"), key=lambda path: path.stat().st_size)
    named = next(path for path in teams if "<h1>&lt;b onclick" in path.read_text(encoding="utf-8"))
    return {**found, "team": teams[-1], "named": named}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_nothing_sticks_out_and_everything_can_be_read(
    browser: Any, pages: dict[str, Path], tmp_path: Path, size: tuple[int, int], scheme: str
) -> None:
    width, height = size
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
    lines = set()
    for name, path in pages.items():
        page, told, asked = context.new_page(), [], []
        page.on("console", lambda message, told=told: told.append(message.text))
        page.on("pageerror", lambda error, told=told: told.append(str(error)))
        page.on("request", lambda request, asked=asked: asked.append(request.url))
        page.goto(path.as_uri())
        page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
        assert page.evaluate(OVERFLOW) == {"page": 0, "out": []}, name
        contrast = page.evaluate(CONTRAST)
        assert contrast["count"] > 100
        assert contrast["ratio"] >= READABLE, (name, contrast)
        for chart in page.evaluate(CHARTS):
            assert chart["label"]
            assert chart["clipped"] == [], chart["label"]
            assert chart["height"] > 100
            lines.add(chart["line"])
        page.screenshot(path=tmp_path / f"{name}.png", full_page=True)
        assert told == []
        assert [url for url in asked if not url.startswith("data:")] == [path.as_uri()]
        page.close()
    context.close()
    assert len(lines) == 1, "all charts take their ink from the page's style"
    assert lines == {"rgb(31, 78, 134)"} if scheme == "light" else {"rgb(133, 176, 230)"}


def test_paper_cuts_no_table_and_is_white_whatever_the_screen_is(
    browser: Any, pages: dict[str, Path], tmp_path: Path
) -> None:
    context = browser.new_context(
        viewport={"width": PAPER[0], "height": PAPER[1]}, color_scheme="dark", java_script_enabled=True
    )
    for name, path in pages.items():
        page = context.new_page()
        page.goto(path.as_uri())
        page.emulate_media(media="print")
        assert page.evaluate(OVERFLOW) == {"page": 0, "out": []}, name
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert page.evaluate(CONTRAST)["ratio"] >= READABLE
        page.screenshot(path=tmp_path / f"{name}.png", full_page=True)
        page.pdf(path=tmp_path / f"{name}.pdf", prefer_css_page_size=True)
        assert (tmp_path / f"{name}.pdf").stat().st_size > 10_000
        page.close()
    context.close()


def test_without_script_the_page_says_what_the_mart_holds(
    browser: Any, report: Report, pages: dict[str, Path], tmp_path: Path
) -> None:
    with open_source(snapshot_path(report.home)) as source:
        rows = source.rows(
            "select kpi_id, value, empty_reason from kpi_scorecard where segment_type = 'org' and is_headline"
        )
    context = browser.new_context(java_script_enabled=False, viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto(pages["index"].as_uri())
    page.screenshot(path=tmp_path / "index.png", full_page=True)
    assert len(rows) > 15
    for row in rows:
        cell = page.locator(f"#kpi-{row['kpi_id']} [data-kpi]").first
        assert cell.is_visible()
        if row["value"] is None:
            assert cell.get_attribute("data-empty") == row["empty_reason"]
        else:
            assert float(cell.get_attribute("value")) == row["value"]
            assert cell.inner_text().strip()
    page.locator("nav.editions a", has_text="Quarter").click()
    assert page.locator("h1").inner_text().endswith("business review")
    context.close()
