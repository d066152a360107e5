#!/bin/sh
cat <<X
[1]
X
