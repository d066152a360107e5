#!/bin/sh
cat <<X
{"w": {"hosts": ["y"]}} trailing
X
