#!/bin/sh
cat <<X
{"_meta": {"hostvars": {}}, "k": ["ok"], "w": {"hosts": "x"}}
X
