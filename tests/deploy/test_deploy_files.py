"""The files of `deploy/` are what the programs that read them accept, and agree with the project they deploy."""

import copy
import fnmatch
import importlib.util
import json
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from rayjob_schema import RAY_JOB

from jobs.estimate import memory_ceiling
from jobs.recipes.fineweb import fineweb

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
UNITS = {"": 1, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}


def quantity(text: str) -> float:
    """A number as Kubernetes writes it: 500m, 28Gi."""
    found = re.fullmatch(r"([0-9.]+)([A-Za-z]*)", str(text))
    assert found, text
    return float(found[1]) * UNITS[found[2]]


def options_of(module: str) -> set[str]:
    told = subprocess.run(
        [sys.executable, "-m", module, "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", told.stdout))


def check_command(command: str) -> None:
    """That `python -m jobs.VERB …` names a verb and options that are there."""
    words = shlex.split(command)
    module = words[words.index("-m") + 1]
    used = {word for word in words[words.index(module) :] if word.startswith("-")}
    assert used <= options_of(module), command


# Ray's cluster launcher.


@pytest.fixture
def launcher() -> dict[str, Any]:
    return yaml.safe_load((DEPLOY / "ray-cluster.yaml").read_text())


def rays_schema() -> dict[str, Any]:
    import ray.autoscaler

    return json.loads((Path(ray.autoscaler.__file__).parent / "ray-schema.json").read_text())


def test_rays_launcher_accepts_its_file_as_it_is_and_with_the_defaults_filled_in(launcher: dict[str, Any]) -> None:
    from ray.autoscaler._private.util import prepare_config, validate_config

    jsonschema.validate(launcher, rays_schema())
    validate_config(prepare_config(launcher))


def test_rays_schema_would_refuse_a_field_that_is_none(launcher: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(launcher | {"worker_setup_comands": []}, rays_schema())


def test_the_launchers_head_only_directs_and_its_workers_are_spot(launcher: dict[str, Any]) -> None:
    head, spot = launcher["available_node_types"]["head"], launcher["available_node_types"]["spot"]
    assert launcher["head_node_type"] == "head"
    assert head["resources"]["CPU"] == 0
    assert "InstanceMarketOptions" not in head["node_config"]
    assert spot["node_config"]["InstanceMarketOptions"] == {"MarketType": "spot"}
    assert spot["max_workers"] == launcher["max_workers"]
    assert spot["resources"]["memory"] >= spot["resources"]["CPU"] * memory_ceiling(fineweb(), 1)
    starts = [*launcher["head_start_ray_commands"], *launcher["worker_start_ray_commands"]]
    assert "--dashboard-host=127.0.0.1" in starts[1]
    assert all("--object-store-memory=" in start for start in starts if "ray start" in start)
    assert any("RAY_AUTH_MODE=token" in option for option in launcher["docker"]["run_options"])
    assert "/opt/gristmill/.ray/auth_token" in launcher["file_mounts"]


# KubeRay.


@pytest.fixture
def rayjob() -> dict[str, Any]:
    return yaml.safe_load((DEPLOY / "kuberay-rayjob.yaml").read_text())


def kubernetes_definitions() -> dict[str, Any] | None:
    """Kubernetes' own schemas: one file of the package kubernetes-validate, whose code is not run."""
    spec = importlib.util.find_spec("kubernetes_validate")
    if spec is None or not spec.submodule_search_locations:
        return None
    folder = Path(spec.submodule_search_locations[0]) / "kubernetes-json-schema" / "v1.34.0-local-strict"
    return json.loads((folder / "_definitions.json").read_text())["$defs"]


def rayjob_schema(definitions: dict[str, Any] | None) -> dict[str, Any]:
    anything = {name: {"type": "object"} for name in re.findall(r"#/\$defs/([\w.]+)", json.dumps(RAY_JOB))}
    return RAY_JOB | {"$defs": anything if definitions is None else definitions}


def test_the_rayjob_has_the_shape_of_kuberays_reference(rayjob: dict[str, Any]) -> None:
    jsonschema.validate(rayjob, rayjob_schema(None))


def test_every_pod_of_the_rayjob_is_one_that_kubernetes_accepts(rayjob: dict[str, Any]) -> None:
    definitions = kubernetes_definitions()
    if definitions is None:
        pytest.skip("kubernetes-validate, which has Kubernetes' schemas, is not installed")
    schema = rayjob_schema(definitions)
    jsonschema.validate(rayjob, schema)
    wrong = copy.deepcopy(rayjob)
    wrong["spec"]["rayClusterSpec"]["headGroupSpec"]["template"]["spec"]["containers"][0]["resorces"] = {}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(wrong, schema)


@pytest.mark.parametrize("path", [("spec", "entrypont"), ("spec", "rayClusterSpec", "workerGroupSpec")])
def test_a_misspelt_field_of_a_rayjob_is_refused(rayjob: dict[str, Any], path: tuple[str, ...]) -> None:
    place = rayjob
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = "x"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(rayjob, rayjob_schema(None))


def pods_of(rayjob: dict[str, Any]) -> dict[str, dict[str, Any]]:
    cluster = rayjob["spec"]["rayClusterSpec"]
    pods = {"submitter": rayjob["spec"]["submitterPodTemplate"], "head": cluster["headGroupSpec"]["template"]}
    return pods | {group["groupName"]: group["template"] for group in cluster["workerGroupSpecs"]}


def test_no_pod_of_the_rayjob_runs_as_root_or_without_limits(rayjob: dict[str, Any]) -> None:
    for name, pod in pods_of(rayjob).items():
        assert pod["spec"]["securityContext"]["runAsNonRoot"], name
        for container in pod["spec"]["containers"]:
            assert container["securityContext"]["allowPrivilegeEscalation"] is False, name
            assert container["resources"]["limits"].keys() >= {"cpu", "memory"}, name
            assert container["image"] == "REGISTRY/gristmill:TAG", name


def test_the_rayjob_asks_for_a_token_and_its_secrets_come_from_a_secret(rayjob: dict[str, Any]) -> None:
    assert rayjob["spec"]["rayClusterSpec"]["authOptions"]["mode"] == "token"
    assert "KEY" not in rayjob["spec"]["runtimeEnvYAML"]
    for name in ("head", "spot"):
        container = pods_of(rayjob)[name]["spec"]["containers"][0]
        assert {"secretRef": {"name": "gristmill-s3"}} in container["envFrom"]
        assert not [entry for entry in container["env"] if "KEY" in entry["name"] or "TOKEN" in entry["name"]]


def test_a_worker_pod_has_the_memory_that_its_cpus_may_take(rayjob: dict[str, Any]) -> None:
    needed = memory_ceiling(fineweb(), 1)
    for group in rayjob["spec"]["rayClusterSpec"]["workerGroupSpecs"]:
        limits = group["template"]["spec"]["containers"][0]["resources"]["limits"]
        store = float(group["rayStartParams"]["object-store-memory"])
        assert quantity(limits["memory"]) - store >= quantity(limits["cpu"]) * needed


def test_the_rayjob_runs_the_ray_of_the_lock_file_and_a_command_that_exists(rayjob: dict[str, Any]) -> None:
    assert rayjob["spec"]["rayClusterSpec"]["rayVersion"] == version("ray")
    check_command(rayjob["spec"]["entrypoint"])
    assert "--ray auto" in rayjob["spec"]["entrypoint"]
    assert isinstance(yaml.safe_load(rayjob["spec"]["runtimeEnvYAML"])["env_vars"], dict)


# The image.


def instructions() -> list[tuple[str, str]]:
    """Instruction and argument of each line of the Dockerfile, continuations joined."""
    text = re.sub(r"^#.*\n", "", (DEPLOY / "Dockerfile").read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    return [(line.split(" ", 1)[0], line.split(" ", 1)[1]) for line in text.splitlines() if line.strip()]


def copied() -> list[str]:
    """What the image takes from the checkout."""
    words = [
        [word for word in given.split() if not word.startswith("--")]
        for what, given in instructions()
        if what == "COPY"
    ]
    return [source for each in words for source in each[:-1]]


def test_hadolint_has_nothing_to_say_about_the_dockerfile() -> None:
    hadolint = shutil.which("hadolint", path=str(Path(sys.executable).parent)) or shutil.which("hadolint")
    if hadolint is None:
        pytest.skip("hadolint is not installed")
    told = subprocess.run([hadolint, str(DEPLOY / "Dockerfile")], capture_output=True, text=True, check=False)
    assert (told.returncode, told.stdout) == (0, "")


def test_the_image_has_a_python_that_the_project_accepts() -> None:
    found = re.fullmatch(r"python:(\d+)\.(\d+)-slim-\w+", dict(instructions())["FROM"])
    assert found
    with (ROOT / "pyproject.toml").open("rb") as file:
        accepted = tomllib.load(file)["project"]["requires-python"]
    low, high = re.findall(r"\d+\.(\d+)", accepted)
    assert int(low) <= int(found[2]) < int(high)


def test_the_image_installs_the_lock_files_by_hash_and_has_all_packages() -> None:
    installs = [given for what, given in instructions() if what == "RUN" and "pip install" in given]
    assert sum("--require-hashes" in given for given in installs) == 2
    assert all(
        "--require-hashes" in given or "--no-deps --no-build-isolation --editable ." in given for given in installs
    )
    with (ROOT / "pyproject.toml").open("rb") as file:
        packages = tomllib.load(file)["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert {*packages, "requirements.lock", "requirements-files.lock"} <= set(copied())


def test_all_that_the_image_copies_is_there_and_reaches_the_build() -> None:
    lines = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
    let_in = [line.removeprefix("!") for line in lines if line.startswith("!")]
    for source in copied():
        assert (ROOT / source).exists(), source
        assert any(fnmatch.fnmatch(source, pattern) for pattern in let_in), source
    assert set(let_in) == set(copied()), "nothing else of a checkout may be seen by the build"


def test_the_image_does_not_run_as_root() -> None:
    users = [given for what, given in instructions() if what == "USER"]
    assert users == ["1000"], "a number, so that Kubernetes can tell that it is not root"


# The documentation.


def test_the_commands_of_the_documentation_exist() -> None:
    text = (ROOT / "docs" / "cluster.md").read_text().replace("\\\n", " ")
    commands = re.findall(r"^.*python -m jobs\.\w+.*$", text, flags=re.MULTILINE)
    assert len(commands) >= 3
    for command in commands:
        check_command(command.split(" -- ")[-1].replace("…", ""))
    assert {Path(name).name for name in re.findall(r"deploy/([\w.-]+)", text)} >= {
        "Dockerfile",
        "ray-cluster.yaml",
        "kuberay-rayjob.yaml",
    }
