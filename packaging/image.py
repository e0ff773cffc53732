"""The image that exports name, as an OCI archive: the static program and two empty folders, nothing else.

Owns the layer, its configuration and the index over the machines. Needs no engine and no root; the same image
is what `Containerfile` makes by an engine, from the sources.
"""

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

from parts import Parts, Program
from reproducible import Entry, gz, tar

# A volume becomes what the folder is that it is mounted at: whoever runs the program may write there.
FOLDERS = {"var/lib/zrig": 0o1777, "tmp": 0o1777, "var": 0o755, "var/lib": 0o755}

# Nobody: what it needs is mounted, and what it keeps is a volume.
USER = "65532:65532"

OCI = "application/vnd.oci.image"


def make(parts: Parts, to: Path) -> list[Path]:
    blobs: dict[str, bytes] = {}
    manifests = [manifest(parts, program, blobs) for program in parts.programs]
    index = {"schemaVersion": 2, "mediaType": f"{OCI}.index.v1+json", "manifests": manifests}
    top = index
    if len(manifests) > 1:
        # The archive then names one thing, an index, as an engine that takes one image wants it.
        top = {"schemaVersion": 2, "mediaType": f"{OCI}.index.v1+json", "manifests": [blob(blobs, f"{OCI}.index.v1+json", as_json(index))]}
    top["manifests"][0]["annotations"] = {"org.opencontainers.image.ref.name": f"zrig:{parts.version}"}
    entries = [Entry("oci-layout", as_json({"imageLayoutVersion": "1.0.0"})), Entry("index.json", as_json(top))]
    entries += [Entry(f"blobs/sha256/{name}", content) for name, content in blobs.items()]
    file = to / f"zrig-{parts.version}-image.tar"
    file.write_bytes(tar(entries, parts.epoch))
    return [file]


def manifest(parts: Parts, program: Program, blobs: dict[str, bytes]) -> dict:
    """The image of one machine, put among the blobs; what an index says of it."""
    layer = tar([Entry("zrig", program.bytes, 0o755)], parts.epoch, folders=FOLDERS)
    platform = {"architecture": program.machine.image, "os": "linux"}
    created = datetime.fromtimestamp(parts.epoch, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    configuration = platform | {
        "created": created,
        "config": {
            "User": USER,
            "Entrypoint": ["/zrig"],
            "Labels": {
                "org.opencontainers.image.title": "zrig",
                "org.opencontainers.image.version": parts.version,
                "org.opencontainers.image.licenses": parts.manifest["license"],
            },
        },
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
        "history": [{"created": created, "created_by": "packaging/build.py image"}],
    }
    image = {
        "schemaVersion": 2,
        "mediaType": f"{OCI}.manifest.v1+json",
        "config": blob(blobs, f"{OCI}.config.v1+json", as_json(configuration)),
        "layers": [blob(blobs, f"{OCI}.layer.v1.tar+gzip", gz(layer))],
    }
    return blob(blobs, f"{OCI}.manifest.v1+json", as_json(image)) | {"platform": platform}


def blob(blobs: dict[str, bytes], kind: str, content: bytes) -> dict:
    """Keeps the content under its sum; what others say of it."""
    name = hashlib.sha256(content).hexdigest()
    blobs[name] = content
    return {"mediaType": kind, "digest": f"sha256:{name}", "size": len(content)}


def as_json(value: dict) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
