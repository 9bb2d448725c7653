"""``sources.yaml``: what is refused, and in which words."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.connectors.pull import CONNECTORS
from orchestration.connectors.sources import SourcesConfig, SourcesError, read_sources

GITHUB = "github: {token_env: GH, repositories: [acme/shop], since: 2026-01-01}\n"


def read(tmp_path: Path, text: str, **environ: str) -> SourcesConfig:
    path = tmp_path / "sources.yaml"
    path.write_text(text)
    return read_sources(path, environ)


def test_a_home_without_the_file_pulls_nothing(tmp_path: Path) -> None:
    assert read_sources(tmp_path / "sources.yaml", {}).pulled() == []


def test_tokens_come_from_the_environment_and_are_not_shown(tmp_path: Path) -> None:
    config = read(tmp_path, GITHUB, GH="s3cret")
    assert config.pulled() == ["github"]
    assert config.github is not None
    assert config.github.token is not None
    assert config.github.token.get_secret_value() == "s3cret"
    assert "s3cret" not in repr(config) + config.model_dump_json()


def test_a_missing_variable_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourcesError, match=r"github\.token_env: the environment variable GH is not set"):
        read(tmp_path, GITHUB)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (GITHUB.replace("}", ", tokn: x}"), "github.tokn: Extra inputs are not permitted"),
        (GITHUB.replace("acme/shop", "shop"), "not owner/name"),
        (GITHUB.replace("}", ", base_url: 'http://ghe.acme.example'}"), "must be https"),
        (GITHUB.replace("}", ", base_url: 'https://user:pw@ghe.acme.example'}"), "must not hold credentials"),
        ("gitea: {}", "gitea: Extra inputs are not permitted"),
        ("github: [", "not YAML"),
        ("prometheus: {base_url: 'https://p.example', since: 2026-01-01, slis: []}", "prometheus.slis"),
    ],
)
def test_wrong_entries_are_refused_with_their_place(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(SourcesError, match=says):
        read(tmp_path, text, GH="s3cret")


def test_a_token_written_into_the_file_is_not_repeated_in_the_error(tmp_path: Path) -> None:
    with pytest.raises(SourcesError) as caught:
        read(tmp_path, GITHUB.replace("}", ", token: ghp_secretsecret}").replace("GH", "'9'"))
    assert "ghp_secretsecret" not in str(caught.value)


def test_every_system_of_the_file_has_its_connector() -> None:
    assert set(CONNECTORS) == set(SourcesConfig.model_fields)
