#!/usr/bin/env python3
"""As much of a Kubernetes API server as `kubectl create --dry-run=client` asks: which kinds of objects there are.

    discovery.py        prints its port on loopback, and serves until it is killed
"""

import json
from http.server import BaseHTTPRequestHandler, HTTPServer

# The kinds that an export may have, by their groups.
GROUPS = {
    "": ["ConfigMap", "Secret", "Service", "ServiceAccount"],
    "apps": ["Deployment", "StatefulSet"],
    "monitoring.coreos.com": ["PodMonitor"],
    "networking.k8s.io": ["NetworkPolicy"],
    "policy": ["PodDisruptionBudget"],
}


def resource(kind):
    name = kind.lower()
    plural = name[:-1] + "ies" if name.endswith("y") else name + "s"
    verbs = ["create", "delete", "get", "list", "patch", "update", "watch"]
    return {"name": plural, "singularName": name, "namespaced": True, "kind": kind, "verbs": verbs}


def resources(group):
    version = f"{group}/v1".lstrip("/")
    listed = [resource(kind) for kind in GROUPS[group]]
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version, "resources": listed}


def group_of(name):
    version = {"groupVersion": f"{name}/v1", "version": "v1"}
    return {"name": name, "versions": [version], "preferredVersion": version}


def answers():
    yield "/api", {"kind": "APIVersions", "versions": ["v1"]}
    yield "/api/v1", resources("")
    groups = [group_of(name) for name in GROUPS if name]
    yield "/apis", {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}
    for name in filter(None, GROUPS):
        yield f"/apis/{name}/v1", resources(name)


ANSWERS = dict(answers())
UNKNOWN = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        found = ANSWERS.get(self.path.split("?")[0])
        body = json.dumps(found or UNKNOWN).encode()
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
