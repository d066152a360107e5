#!/bin/sh
cat <<X
{"_meta": {"hostvars": {}}, "w": {"hosts": [1]}}
X
