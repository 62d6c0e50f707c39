"""The alert rules and the dashboard under etc/ ask for what there is."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families as parse

from awed.metrics.catalogue import CATALOGUE
from awed.metrics.exposition import Exposition
from awed.model.access import User
from tests.unit.api.served import done

ROOT = Path(__file__).parents[3]
ALERTS = ROOT / "etc" / "prometheus" / "awed-alerts.yaml"
DASHBOARD = ROOT / "etc" / "grafana" / "awed.json"
OF_PROMETHEUS = {"instance", "job", "le"}
"""Labels that every metric has, and those of histograms."""

_NAME = re.compile(r"\b(?:awed|process)_\w+")
_SELECTOR = re.compile(r"\b(awed_\w+)\{([^}]*)\}")
_MATCHER = re.compile(r'(\w+)\s*(?:=~|!~|!=|=)\s*"([^"]*)"')
_GROUPING = re.compile(r"\b(?:by|without) \(([^)]*)\)")


def alerts() -> list[str]:
    """The expressions of all rules."""
    (group,) = yaml.safe_load(ALERTS.read_text())["groups"]
    return [rule["expr"] for rule in group["rules"]]


def panels() -> list[str]:
    """The expressions of all panels."""
    found = json.loads(DASHBOARD.read_text())["panels"]
    return [target["expr"] for panel in found for target in panel.get("targets", ())]


EXPRESSIONS = [*alerts(), *panels()]


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_its_metrics_and_labels_exist(exposition: Exposition, expression: str) -> None:
    labels = {sample: {*metric.labels, *OF_PROMETHEUS} for metric in CATALOGUE for sample in metric.samples}
    page = list(parse(done(exposition.page(User(admin=True))).decode()))
    of_process = {sample.name for family in page for sample in family.samples if sample.name.startswith("process_")}
    names = set(_NAME.findall(expression))
    assert names <= labels.keys() | of_process
    for name, matchers in _SELECTOR.findall(expression):
        assert {label for label, _ in _MATCHER.findall(matchers)} <= labels[name]
    grouped = {label for group in _GROUPING.findall(expression) for label in re.findall(r"\w+", group)}
    assert grouped <= {label for name in names & labels.keys() for label in labels[name]}


def test_states_that_are_asked_for_exist(exposition: Exposition) -> None:
    page = parse(done(exposition.page(User(admin=True))).decode())
    there = {(sample.name, sample.labels.get("state")) for family in page for sample in family.samples}
    asked = {
        (name, text)
        for expression in EXPRESSIONS
        for name, matchers in _SELECTOR.findall(expression)
        for label, text in _MATCHER.findall(matchers)
        if label == "state"
    }
    assert asked
    assert asked <= there


def test_every_metric_is_in_the_dashboard() -> None:
    shown = {name for expression in panels() for name in _NAME.findall(expression)}
    missing = [metric.name for metric in CATALOGUE if not shown & set(metric.samples)]
    assert missing == ["awed_info"]


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not here")
def test_prometheus_takes_the_rules_and_they_fire_when_they_should() -> None:
    histories = ROOT / "tests" / "data" / "prometheus" / "awed-alerts-test.yaml"
    subprocess.run(["promtool", "check", "rules", ALERTS], check=True, timeout=60)
    subprocess.run(["promtool", "test", "rules", histories], check=True, timeout=60)
