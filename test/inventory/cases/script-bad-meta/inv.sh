#!/bin/sh
cat <<X
{"_meta": {"hostvars": null}, "w": {"hosts": ["x"]}}
X
