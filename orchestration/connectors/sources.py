"""``sources.yaml`` in the data home: which systems are pulled, and their scope.

Example::

    github:
      token_env: GITHUB_TOKEN
      repositories: [acme/shop, acme/billing]
      since: 2025-01-01
    bitbucket:
      token_env: BITBUCKET_TOKEN
      repositories: [acme/shop]
      since: 2025-01-01
    gitlab:
      token_env: GITLAB_TOKEN
      projects: [acme/platform/shop]
      since: 2025-01-01
    pagerduty:
      token_env: PAGERDUTY_TOKEN
      since: 2025-01-01
    bamboohr:
      base_url: https://acme.bamboohr.com/api/v1
      token_env: BAMBOOHR_KEY
    greenhouse:
      token_env: GREENHOUSE_CLIENT
      since: 2025-01-01
    lever:
      token_env: LEVER_KEY
      since: 2025-01-01
    prometheus:
      base_url: https://prometheus.acme.example
      since: 2026-01-01
      slis:
        - slo_id: checkout-availability
          good: sum(increase(http_requests_total{job="checkout",code!~"5.."}[5m]))
          total: sum(increase(http_requests_total{job="checkout"}[5m]))
    dependabot:
      token_env: GITHUB_SECURITY_TOKEN
      repositories: [acme/shop]
      since: 2026-01-01
    snyk:
      token_env: SNYK_TOKEN
      organisations: [3de2b524-eae7-4f3f-ba5f-1a07e1df44c2]
      since: 2026-01-01
    azure_devops:
      token_env: AZURE_DEVOPS_PAT
      organization: acme
      projects: [Shop]
      since: 2025-01-01
    sonarqube:
      base_url: https://sonarqube.acme.example
      token_env: SONARQUBE_TOKEN
      projects: [acme_shop]
      since: 2025-01-01
    jira:
      base_url: https://acme.atlassian.net
      token_env: JIRA_TOKEN
      user: metrics@acme.example
      projects: [SHOP]
      since: 2025-01-01
    launchdarkly:
      token_env: LAUNCHDARKLY_TOKEN
      since: 2025-01-01
    opencost:
      base_url: https://opencost.acme.example
      since: 2026-01-01
      clusters:
        - name: production
          path: production/allocation
    opsgenie:
      token_env: OPSGENIE_KEY
      since: 2026-01-01
    servicenow:
      base_url: https://acme.service-now.com
      token_env: SERVICENOW_PASSWORD
      user: metrics.reader
      since: 2026-01-01
    argo_cd:
      base_url: https://argocd.acme.example/api/v1
      token_env: ARGOCD_TOKEN
      since: 2026-01-01
    flux:
      base_url: https://kubernetes.acme.example
      token_env: KUBERNETES_TOKEN
      since: 2026-01-01
      clusters:
        - name: production
    jenkins:
      base_url: https://jenkins.acme.example
      user: metrics
      token_env: JENKINS_TOKEN
      since: 2026-01-01
    spinnaker:
      base_url: https://gate.acme.example
      applications: [shop]
      since: 2026-01-01
    datadog:
      token_env: DATADOG_KEYS
      since: 2026-01-01

Secrets are named, never written: ``token_env`` is the environment variable that holds the token.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError

from .argo_cd import ArgoCdSource
from .azure_devops import AzureDevopsSource
from .bamboohr import BamboohrSource
from .bitbucket import BitbucketSource
from .datadog import DatadogSource
from .dependabot import DependabotSource
from .flux import FluxSource
from .github import GithubSource
from .gitlab import GitlabSource
from .greenhouse import GreenhouseSource
from .jenkins import JenkinsSource
from .jira import JiraSource
from .launchdarkly import LaunchdarklySource
from .lever import LeverSource
from .opencost import OpencostSource
from .opsgenie import OpsgenieSource
from .pagerduty import PagerdutySource
from .prometheus import PrometheusSource
from .pulled import PulledSystem
from .servicenow import ServicenowSource
from .snyk import SnykSource
from .sonarqube import SonarqubeSource
from .spinnaker import SpinnakerSource


class SourcesError(Exception):
    """``sources.yaml`` cannot be used; says the file, the place in it and what is wrong."""


class SourcesConfig(BaseModel):
    """The whole of ``sources.yaml``; a system that is not named is not pulled."""

    model_config = ConfigDict(extra="forbid")

    argo_cd: ArgoCdSource | None = None
    azure_devops: AzureDevopsSource | None = None
    bamboohr: BamboohrSource | None = None
    bitbucket: BitbucketSource | None = None
    datadog: DatadogSource | None = None
    dependabot: DependabotSource | None = None
    flux: FluxSource | None = None
    github: GithubSource | None = None
    gitlab: GitlabSource | None = None
    greenhouse: GreenhouseSource | None = None
    jenkins: JenkinsSource | None = None
    jira: JiraSource | None = None
    launchdarkly: LaunchdarklySource | None = None
    lever: LeverSource | None = None
    opencost: OpencostSource | None = None
    opsgenie: OpsgenieSource | None = None
    pagerduty: PagerdutySource | None = None
    prometheus: PrometheusSource | None = None
    servicenow: ServicenowSource | None = None
    snyk: SnykSource | None = None
    sonarqube: SonarqubeSource | None = None
    spinnaker: SpinnakerSource | None = None

    def pulled(self) -> list[str]:
        """Names of the systems that are pulled."""
        return [name for name in type(self).model_fields if getattr(self, name) is not None]


def read_sources(path: Path, environ: Mapping[str, str]) -> SourcesConfig:
    """What ``path`` asks to pull, with tokens taken from ``environ``; nothing where the file is absent.

    Raises SourcesError naming the place: unknown keys, wrong values, an environment variable that is not set.
    """
    if not path.exists():
        return SourcesConfig()
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        config = SourcesConfig.model_validate(document)
    except yaml.YAMLError as error:
        raise SourcesError(f"{path}: not YAML: {error}") from error
    except ValidationError as error:
        # Without the input values: somebody may have written a token where its variable's name belongs.
        wrong = "; ".join(
            f"{'.'.join(str(part) for part in item['loc'])}: {item['msg']}"
            for item in error.errors(include_input=False, include_context=False, include_url=False)
        )
        raise SourcesError(f"{path}: {wrong}") from None
    for name in config.pulled():
        source: PulledSystem = getattr(config, name)
        if source.token_env is None:
            continue
        secret = environ.get(source.token_env, "").strip()
        if not secret:
            raise SourcesError(
                f"{path}: {name}.token_env: the environment variable {source.token_env} is not set"
            )
        source.token = SecretStr(secret)
    return config
