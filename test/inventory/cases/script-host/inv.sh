#!/bin/sh
if [ "$1" = --list ]; then echo '{"web": ["s1", "s2"], "all": {"vars": {"v": 1}}}'; else echo "{\"me\": \"$2\"}"; fi
