#!/bin/sh
cat <<J
{"web": {"hosts": ["s1", "s2"], "vars": {"a": true, "t": "{{ a }}"}, "children": ["sub"]}, "sub": ["s3"], "empty": {}, "_meta": {"hostvars": {"s1": {"x": 1, "y": [1, "b"]}, "ghost": {"z": 1}}}}
J
