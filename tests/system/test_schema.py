#!/usr/bin/env python3
"""The shipped experiments and the golden mistakes against the JSON schema, by an independent validator."""

import subprocess
import sys

from support import PROJECT, sandbox, skip

# Mistakes that a schema can see; the others need more than the shape of the file.
VISIBLE = ["unknown-keys", "zero-repeats", "wrong-types", "override-keys", "metric-places"]

CHECK = r"""
import json, pathlib, sys, tomllib
import jsonschema
project = pathlib.Path(sys.argv[1])
schema = json.loads((project / "schemas/experiment.schema.json").read_text(encoding="utf-8"))
jsonschema.validators.validator_for(schema).check_schema(schema)
validator = jsonschema.validators.validator_for(schema)(schema)
mistakes = lambda path: [f"{e.json_path}: {e.message}" for e in validator.iter_errors(tomllib.loads(path.read_text(encoding="utf-8")))]
shipped = sorted((project / "experiments").rglob("*.toml"))
assert len(shipped) >= 14, shipped
for path in shipped:
    assert not mistakes(path), f"{path}: {mistakes(path)}"
for name in sys.argv[2:]:
    path = project / "tests/golden/errors" / name / "experiment.toml"
    assert mistakes(path), f"{path} passes"
print(f"{len(shipped)} experiments valid, {len(sys.argv) - 2} mistakes found")
"""


def main():
    if sys.version_info < (3, 11):
        skip("tomllib needs Python 3.11")
    with sandbox() as folder:
        python = folder / "venv/bin/python"
        quiet = {"stdin": subprocess.DEVNULL, "capture_output": True, "text": True, "check": False, "timeout": 200}
        made = subprocess.run([sys.executable, "-m", "venv", str(folder / "venv")], **quiet)
        if made.returncode != 0:
            skip("python3 -m venv does not work here")
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--retries", "1", "jsonschema"]
        if subprocess.run(pip, **quiet).returncode != 0:
            skip("pip cannot install jsonschema here")
        done = subprocess.run([str(python), "-c", CHECK, str(PROJECT), *VISIBLE], **quiet)
        print(done.stdout, done.stderr)
        assert done.returncode == 0


if __name__ == "__main__":
    main()
