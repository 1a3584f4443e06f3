#!/usr/bin/env python3
"""A packed run is an RO-Crate with provenance, and the runner reads the archive as it is.

`rocrate` loads the unpacked archive without a network: every file of the archive is described, with the
size and the digest that it has, and the run names what it was made of, what it made and with what.
"""

import hashlib
import json
import subprocess
import zipfile

from support import HOSTILE, offline, python_with, run, sandbox

# Prints what the library makes of a crate.
READ = """
import json, sys
from rocrate.rocrate import ROCrate
crate = ROCrate(sys.argv[1])
action = crate.dereference("#run")
ids = lambda entities: sorted(getattr(entity, "id", entity) for entity in (entities if isinstance(entities, list) else [entities]))
print(json.dumps({
    "files": {
        entity.id: [entity["contentSize"], entity["sha256"]]
        for entity in crate.get_entities() if entity.type == "File"
    },
    "name": crate.name, "conforms": ids(crate.root_dataset["conformsTo"]),
    "action": action.type, "instrument": action["instrument"].type, "start": action["startTime"],
    "object": ids(action["object"]), "result": ids(action["result"]),
    "mentions": ids(crate.root_dataset["mentions"]),
    "metadata": ids(crate.metadata["conformsTo"]),
}))
"""


def main():
    python = python_with("rocrate==0.*")
    with sandbox() as folder:
        (folder / "hostile.toml").write_text(HOSTILE, encoding="utf-8")
        run(["hostile.toml", "--progress", "none", "--output", "out"], 3, cwd=folder)
        for name in ("one.zip", "two.zip"):
            run(["pack", "hostile", "--output", "out", "--to", name], 0, cwd=folder)
        assert (folder / "one.zip").read_bytes() == (folder / "two.zip").read_bytes()
        run(["verify", "one.zip"], 0, cwd=folder)
        with zipfile.ZipFile(folder / "one.zip") as archive:
            archive.extractall(folder / "crate")
        done = subprocess.run(
            [*offline(), python, "-c", READ, "crate"],
            cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False,
        )
        assert done.returncode == 0, done.stderr
        crate = json.loads(done.stdout)
        there = {
            str(path.relative_to(folder / "crate")): path.read_bytes()
            for path in (folder / "crate").rglob("*") if path.is_file()
        }
        described = {
            path: [str(len(data)), hashlib.sha256(data).hexdigest()]
            for path, data in there.items() if path != "ro-crate-metadata.json"
        }
        assert crate["files"] == described, set(crate["files"]) ^ set(described)
        assert crate["metadata"] == ["https://w3id.org/ro/crate/1.2"], crate["metadata"]
        assert crate["conforms"] == ["https://w3id.org/ro/wfrun/process/0.5"], crate["conforms"]
        assert (crate["action"], crate["instrument"]) == ("CreateAction", "SoftwareApplication")
        assert crate["mentions"] == ["#run"] and "experiment.toml" in crate["object"]
        assert {"trials.csv", "table.xlsx", "journal.jsonl"} <= set(crate["result"])
        # The README's command.
        readme = there["README.md"].decode()
        command = next(line for line in readme.splitlines() if line.startswith("runner verify "))
        archive = command.split()[2]
        (folder / "one.zip").rename(folder / archive)
        run(["verify", archive], 0, cwd=folder)
        # One changed byte is found in the archive, too.
        with zipfile.ZipFile(folder / archive) as old, zipfile.ZipFile(folder / "bad.zip", "w") as new:
            for name in old.namelist():
                data = old.read(name)
                new.writestr(name, data.replace(b"ok", b"ko", 1) if name == "trials.csv" else data)
        run(["verify", "bad.zip"], 7, cwd=folder)
        print(f"{len(described)} files described")


if __name__ == "__main__":
    main()
