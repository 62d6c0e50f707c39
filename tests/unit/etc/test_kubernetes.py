"""``etc/kubernetes``: every object is of a kind there is, and what one says of another is so.

No cluster is needed. Where ``kubectl`` is there it puts the files together, and with the extra ``schemas`` each
object is held against Kubernetes' own schema.
"""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from awed.daemon.listening import descriptions
from awed.metrics.catalogue import WORKUNITS
from awed.scheduler.counts import WorkCounts
from awed.worker.lifetime import LAST
from tests.unit.etc.programs import ETC, can_be_asked, daemon, worker
from tests.unit.etc.test_containerfile import DAEMON_DIRECTORY, USER, WORKER_DIRECTORY

FOLDER = ETC / "kubernetes"
KINDS = {
    "Namespace": "v1",
    "Service": "v1",
    "StatefulSet": "apps/v1",
    "Deployment": "apps/v1",
    "Job": "batch/v1",
    "NetworkPolicy": "networking.k8s.io/v1",
    "HorizontalPodAutoscaler": "autoscaling/v2",
}
"""Each kind with the version of its API, all of them stable since Kubernetes 1.23."""

Object = dict[str, Any]
KUSTOMIZATION: Object = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())
OBJECTS: list[Object] = [
    document for name in KUSTOMIZATION["resources"] for document in yaml.safe_load_all((FOLDER / name).read_text())
]
TEMPLATES: dict[str, Object] = {
    item["metadata"]["name"]: item["spec"]["template"] for item in OBJECTS if "template" in item.get("spec", {})
}


def found(kind: str, name: str) -> Object:
    [item] = [item for item in OBJECTS if item["kind"] == kind and item["metadata"]["name"] == name]
    return item


def container(name: str) -> Object:
    """The only container of a workload."""
    [one] = TEMPLATES[name]["spec"]["containers"]
    assert isinstance(one, dict)
    return one


def selected(labels: dict[str, str]) -> list[str]:
    """The workloads whose pods have these labels."""
    return [name for name, template in TEMPLATES.items() if labels.items() <= template["metadata"]["labels"].items()]


def within(value: object, key: str) -> Iterator[Any]:
    """Everything that stands under *key*, however deep."""
    if isinstance(value, dict):
        for name, item in value.items():
            if name == key:
                yield item
            yield from within(item, key)
    elif isinstance(value, list):
        for item in value:
            yield from within(item, key)


def test_every_file_is_used() -> None:
    used = {*KUSTOMIZATION["resources"], *KUSTOMIZATION["configMapGenerator"][0]["files"]}
    assert {path.name for path in FOLDER.iterdir()} == used | {"kustomization.yaml", "prometheus-adapter.yaml"}


def test_every_object_is_of_a_kind_there_is_and_has_a_name_of_its_own() -> None:
    assert {(item["kind"], item["apiVersion"]) for item in OBJECTS} == set(KINDS.items())
    names = [(item["kind"], item["metadata"]["name"]) for item in OBJECTS]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?", name) for _, name in names)
    assert found("Namespace", KUSTOMIZATION["namespace"])


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_workload_finds_its_own_pods_and_a_stateful_one_its_service(name: str) -> None:
    [item] = [item for item in OBJECTS if item["metadata"]["name"] == name and "template" in item.get("spec", {})]
    if item["kind"] != "Job":
        assert selected(item["spec"]["selector"]["matchLabels"]) == [name]
    if item["kind"] == "StatefulSet":
        assert found("Service", item["spec"]["serviceName"])


def test_services_and_policies_are_about_pods_and_ports_that_there_are() -> None:
    for item in OBJECTS:
        if item["kind"] == "Service":
            [name] = selected(item["spec"]["selector"])
            ports = {port["name"]: port["containerPort"] for port in container(name)["ports"]}
            assert [ports[port["targetPort"]] for port in item["spec"]["ports"]] == [
                port["port"] for port in item["spec"]["ports"]
            ]
        if item["kind"] == "NetworkPolicy":
            selectors = [item["spec"]["podSelector"], *within(item["spec"]["ingress"], "podSelector")]
            assert all(selected(selector["matchLabels"]) for selector in selectors)


@pytest.mark.parametrize("name", TEMPLATES)
def test_what_a_pod_mounts_and_asks_for_is_there(name: str) -> None:
    spec = TEMPLATES[name]["spec"]
    claims = [
        claim["metadata"]["name"]
        for item in OBJECTS
        if item["metadata"]["name"] == name and item["kind"] == "StatefulSet"
        for claim in item["spec"]["volumeClaimTemplates"]
    ]
    mounted = {mount["name"] for mount in container(name)["volumeMounts"]}
    assert mounted == {*(volume["name"] for volume in spec["volumes"]), *claims}
    generated = {generator["name"] for generator in KUSTOMIZATION["configMapGenerator"]}
    assert {volume["name"] for volume in within(spec["volumes"], "configMap")} <= generated
    manual = (ETC.parent / "docs" / "howto" / "cluster.rst").read_text()
    for secret in within(spec["volumes"], "secret"):
        assert f"create secret generic {secret['secretName']} " in manual


@pytest.mark.parametrize("name", TEMPLATES)
def test_probes_ask_at_ports_and_paths_that_there_are(name: str) -> None:
    ports = {port["name"] for port in container(name).get("ports", [])}
    probes = [
        probe for kind in ("startup", "liveness", "readiness") if (probe := container(name).get(f"{kind}Probe"))
    ]
    assert {port for probe in probes for port in within(probe, "port")} <= ports
    assert all(can_be_asked(path) for probe in probes for path in within(probe, "path"))
    annotations = TEMPLATES[name]["metadata"].get("annotations", {})
    assert can_be_asked(annotations.get("prometheus.io/path", "/metrics"))


@pytest.mark.parametrize("name", TEMPLATES)
def test_pods_may_do_no_more_than_the_namespace_allows(name: str) -> None:
    """The Pod Security Standard "restricted", which is enforced; and no pod talks to Kubernetes."""
    spec, own = TEMPLATES[name]["spec"], container(name)["securityContext"]
    assert spec["securityContext"]["runAsNonRoot"]
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert own["capabilities"] == {"drop": ["ALL"]}
    assert not own["allowPrivilegeEscalation"]
    assert own["readOnlyRootFilesystem"]
    assert not spec["automountServiceAccountToken"]
    if container(name)["image"] == "awed":
        assert str(spec["securityContext"]["runAsUser"]) == USER


def test_the_secrets_of_the_daemon_are_still_its_own_when_its_volume_is_mounted_again() -> None:
    """By default Kubernetes then gives all files of a volume to the group that is named, for reading and writing."""
    context = TEMPLATES["awed"]["spec"]["securityContext"]
    assert "fsGroup" in context
    assert context["fsGroupChangePolicy"] == "OnRootMismatch"


def test_the_daemon_is_one_and_strangers_may_only_look() -> None:
    [mount] = [mount for mount in container("awed")["volumeMounts"] if mount["name"] == "config"]
    config = daemon(container("awed")["args"], {f"{mount['mountPath']}/awed.conf": FOLDER / "awed.conf"})
    members = [f"mongodb-{number}.mongodb" for number in range(found("StatefulSet", "mongodb")["spec"]["replicas"])]
    assert config.server.store == f"mongodb://{','.join(members)}/AWEDB?replicaSet=rs0"
    assert f"tcp:{container('awed')['ports'][0]['containerPort']}" == descriptions(config)[0]
    assert config.directories.data == DAEMON_DIRECTORY
    assert DAEMON_DIRECTORY in {mount["mountPath"] for mount in container("awed")["volumeMounts"]}
    strangers = config.anonymous
    assert (strangers.read, strangers.write, strangers.delete) == (True, False, False)
    assert found("StatefulSet", "awed")["spec"]["replicas"] == 1


def test_the_replica_set_is_made_of_the_pods_that_there_are() -> None:
    assert container("mongodb")["command"][1:3] == ["--replSet", "rs0"]
    script = container("mongodb-initiate")["command"][-1]
    assert '_id: "rs0"' in script
    assert f"members: {list(range(found('StatefulSet', 'mongodb')['spec']['replicas']))}.map(" in script
    assert f"mongodb-${{n}}.mongodb:{container('mongodb')['ports'][0]['containerPort']}" in script


@pytest.fixture
def options(tmp_path: Path) -> dict[str, Any]:
    """What a worker's pod is told."""
    (tmp_path / "token").write_text("t")
    return worker(container("awe-worker")["args"], {"/etc/awe-worker": tmp_path})


def test_workers_find_the_daemon_and_their_directory(options: dict[str, Any]) -> None:
    service = found("Service", "awed")
    assert options["server"] == f"http://{service['metadata']['name']}:{service['spec']['ports'][0]['port']}"
    assert str(options["workdir"]) == WORKER_DIRECTORY
    mounts = {mount["mountPath"] for mount in container("awe-worker")["volumeMounts"]}
    assert {WORKER_DIRECTORY, "/etc/awe-worker"} <= mounts


def test_a_worker_that_is_to_go_has_time_to_finish_and_then_to_hand_back() -> None:
    grace = TEMPLATES["awe-worker"]["spec"]["terminationGracePeriodSeconds"]
    shell, option, script = container("awe-worker")["lifecycle"]["preStop"]["exec"]["command"]
    match = re.fullmatch(r"kill -TERM 1; sleep (\d+)", script)
    assert (shell, option) == ("sh", "-c")
    assert match
    assert grace - int(match[1]) >= LAST


def test_workers_are_as_many_as_there_is_work_for(options: dict[str, Any]) -> None:
    scaler = found("HorizontalPodAutoscaler", "awe-worker")["spec"]
    target = scaler["scaleTargetRef"]
    assert target["apiVersion"] == KINDS[target["kind"]]
    assert "replicas" not in found(target["kind"], target["name"])["spec"]
    [metric] = scaler["metrics"]
    assert metric["external"]["target"] == {"type": "AverageValue", "averageValue": str(options["slots"])}
    [rule] = yaml.safe_load((FOLDER / "prometheus-adapter.yaml").read_text())["rules"]["external"]
    assert metric["external"]["metric"]["name"] == rule["name"]["as"]
    assert rule["seriesQuery"] == f'{WORKUNITS.name}{{namespace!=""}}'
    [states] = re.findall(r'state=~"([a-z|]+)"', rule["metricsQuery"])
    assert set(states.split("|")) == {*WorkCounts.__struct_fields__} - {"total", "suspended"}
    assert WORKUNITS.labels == ("state",)


@pytest.fixture(scope="module")
def built() -> list[Object]:
    """What ``kubectl apply --kustomize`` would send."""
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("no kubectl here")
    text = subprocess.run([kubectl, "kustomize", FOLDER], check=True, capture_output=True, text=True).stdout
    return list(yaml.safe_load_all(text))


def test_kustomize_puts_it_together(built: list[Object]) -> None:
    assert len(built) == len(OBJECTS) + len(KUSTOMIZATION["configMapGenerator"])
    assert {item["metadata"].get("namespace", "awed") for item in built} == {"awed"}
    [config] = [item for item in built if item["kind"] == "ConfigMap"]
    assert config["metadata"]["name"].startswith("awed-")
    [awed] = [item for item in built if item["kind"] == "StatefulSet" and item["metadata"]["name"] == "awed"]
    assert {"name": config["metadata"]["name"]} in within(awed, "configMap")


@pytest.mark.parametrize("version", ["1.25", "1.32"])
def test_each_object_fits_the_schema_of_kubernetes(built: list[Object], version: str) -> None:
    schemas = pytest.importorskip("kubernetes_validate")
    for item in built:
        schemas.validate(item, version, strict=True)
