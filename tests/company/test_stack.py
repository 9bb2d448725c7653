"""The same company told by other tools."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orchestration.company import generate
from orchestration.company.__main__ import main
from orchestration.company.stack import Stack, read_stack

STACK = "gitlab-jenkins-opsgenie-servicenow-azure"


@pytest.fixture(scope="module")
def plain_truth(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The truth that the default stack's company comes with."""
    home = tmp_path_factory.mktemp("plain")
    generate(home / "landing", home / "truth", scale=0.05, months=8)
    return home / "truth"


def test_a_stack_is_a_list_of_systems_joined_by_dashes():
    assert read_stack(STACK).systems == {"gitlab", "jenkins", "opsgenie", "servicenow", "azure"}
    assert read_stack("") == read_stack(None) == Stack()
    assert "gitlab" not in read_stack("jenkins")


@pytest.mark.parametrize("text", ["gitlab-bamboo", "gitlab--azure", "github"])
def test_a_system_that_the_company_does_not_speak_is_refused_with_those_that_it_does(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    with pytest.raises(ValueError, match=r"does not speak '.*'; it knows gitlab .*; jenkins .*; azure "):
        read_stack(text)
    with pytest.raises(SystemExit):
        main(["--out", str(tmp_path / "landing"), "--truth", str(tmp_path / "truth"), "--stack", text])
    assert "it knows gitlab" in capsys.readouterr().err
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("system", "told", "silent"),
    [
        ("gitlab", {"gitlab"}, {"github"}),
        ("jenkins", {"github", "jenkins"}, {"gitlab"}),
        ("opsgenie", {"opsgenie"}, {"pagerduty"}),
        ("servicenow", {"servicenow", "pagerduty"}, set()),
        ("azure", {"azure_cost", "focus"}, set()),
    ],
)
def test_each_system_stands_in_by_itself_and_the_truth_is_the_same(
    system: str, told: set[str], silent: set[str], plain_truth: Path, tmp_path: Path
):
    generate(tmp_path / "landing", tmp_path / "same", scale=0.05, months=8, stack=read_stack(system))
    systems = {path.name for path in (tmp_path / "landing").iterdir()}
    assert told <= systems
    assert not silent & systems
    for path in plain_truth.iterdir():
        if path.name != "truth.json":
            assert path.read_bytes() == (tmp_path / "same" / path.name).read_bytes(), path.name
    truth, same = (json.loads((f / "truth.json").read_text()) for f in (plain_truth, tmp_path / "same"))
    # Bad rows are named by the system in whose files they lie.
    assert sum(truth.pop("bad_rows").values()) == sum(same.pop("bad_rows").values())
    assert truth == same
