"""The shape of a KubeRay RayJob, written from KubeRay's API reference (ray.io/v1, KubeRay 1.6).

The operator's own definition is in no package that can be installed, so this is ours: every object is closed, so that a misspelt
field is refused, which the cluster's API server does too. What is Kubernetes' own (pod templates, resources, environment) is
referred to by its name there; where Kubernetes' schemas are not installed it is any object.
"""

from typing import Any

TEXT, NUMBER, COUNT, YES_OR_NO = (
    {"type": "string"},
    {"type": "number"},
    {"type": "integer", "minimum": 0},
    {"type": "boolean"},
)
TEXTS = {"type": "object", "additionalProperties": TEXT}
KUBERNETES = "io.k8s.api.core.v1."


def closed(*required: str, **properties: Any) -> dict[str, Any]:
    """An object that has the required properties and none but these."""
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


def one_of(*values: str) -> dict[str, Any]:
    return {"enum": list(values)}


def kubernetes(kind: str) -> dict[str, Any]:
    return {"$ref": f"#/$defs/{KUBERNETES}{kind}"}


def many(schema: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": schema}


DELETION = closed("policy", policy=one_of("DeleteCluster", "DeleteWorkers", "DeleteSelf", "DeleteNone"))
AUTOSCALER = closed(
    resources=kubernetes("ResourceRequirements"),
    image=TEXT,
    imagePullPolicy=one_of("Always", "Never", "IfNotPresent"),
    env=many(kubernetes("EnvVar")),
    envFrom=many(kubernetes("EnvFromSource")),
    volumeMounts=many(kubernetes("VolumeMount")),
    securityContext=kubernetes("SecurityContext"),
    idleTimeoutSeconds=COUNT,
    upscalingMode=one_of("Default", "Aggressive", "Conservative"),
    version=one_of("v1", "v2"),
)
HEAD_GROUP = closed(
    "template",
    template=kubernetes("PodTemplateSpec"),
    rayStartParams=TEXTS,
    serviceType=one_of("ClusterIP", "NodePort", "LoadBalancer", "ExternalName"),
    headService=kubernetes("Service"),
    enableIngress=YES_OR_NO,
    resources=TEXTS,
    labels=TEXTS,
)
WORKER_GROUP = closed(
    "groupName",
    "minReplicas",
    "maxReplicas",
    "template",
    groupName={"type": "string", "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"},
    replicas=COUNT,
    minReplicas=COUNT,
    maxReplicas=COUNT,
    numOfHosts=COUNT,
    idleTimeoutSeconds=COUNT,
    suspend=YES_OR_NO,
    rayStartParams=TEXTS,
    template=kubernetes("PodTemplateSpec"),
    scaleStrategy=closed(workersToDelete=many(TEXT)),
    resources=TEXTS,
    labels=TEXTS,
)
RAY_CLUSTER = closed(
    "headGroupSpec",
    headGroupSpec=HEAD_GROUP,
    workerGroupSpecs=many(WORKER_GROUP),
    rayVersion={"type": "string", "pattern": r"^\d+\.\d+\.\d+$"},
    authOptions=closed(mode=one_of("token", "disabled"), secretName=TEXT, enableK8sTokenAuth=YES_OR_NO),
    enableInTreeAutoscaling=YES_OR_NO,
    autoscalerOptions=AUTOSCALER,
    headServiceAnnotations=TEXTS,
    gcsFaultToleranceOptions={"type": "object"},
    managedBy=TEXT,
    suspend=YES_OR_NO,
)
RAY_JOB = closed(
    "apiVersion",
    "kind",
    "metadata",
    "spec",
    apiVersion={"const": "ray.io/v1"},
    kind={"const": "RayJob"},
    metadata=closed("name", name=TEXT, namespace=TEXT, labels=TEXTS, annotations=TEXTS),
    spec=closed(
        "entrypoint",
        "rayClusterSpec",
        activeDeadlineSeconds={"type": "integer", "minimum": 1},
        backoffLimit=COUNT,
        clusterSelector=TEXTS,
        deletionStrategy=closed("onSuccess", "onFailure", onSuccess=DELETION, onFailure=DELETION),
        entrypoint={"type": "string", "minLength": 1},
        entrypointNumCpus=NUMBER,
        entrypointNumGpus=NUMBER,
        entrypointResources=TEXT,
        jobId=TEXT,
        managedBy=TEXT,
        metadata=TEXTS,
        rayClusterSpec=RAY_CLUSTER,
        runtimeEnvYAML=TEXT,
        shutdownAfterJobFinishes=YES_OR_NO,
        submissionMode=one_of("K8sJobMode", "HTTPMode", "InteractiveMode", "SidecarMode"),
        submitterConfig=closed(backoffLimit=COUNT),
        submitterPodTemplate=kubernetes("PodTemplateSpec"),
        suspend=YES_OR_NO,
        ttlSecondsAfterFinished=COUNT,
    ),
)
