#!/bin/sh
cat <<X
{"_meta": {"hostvars": {"a": {"x": "{{ y }}", "p": {"__ansible_unsafe": "{{ z }}"}, "n": [1, null, 1.0, 1e10, true]}, "zzz": {"q": 1}}}, "web": {"hosts": ["a", "b:22", "c[1:2]"], "vars": {"g": 1}, "children": ["kid"]}, "kid": {"hosts": ["s"]}, "solo": {"x": 1}, "lst": ["l1"], "all": {"vars": {"av": 1}}}
X
