#!/bin/sh
cat <<X
{"_meta": {"hostvars": {}}, "w": {"hosts": ["x"], "children": "kid"}}
X
