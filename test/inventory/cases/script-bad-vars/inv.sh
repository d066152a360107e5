#!/bin/sh
cat <<X
{"_meta": {"hostvars": {}}, "w": {"hosts": ["x"], "vars": null}}
X
