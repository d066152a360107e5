stat -c "%a %U %G %F" /opt/bench/templates
for i in $(seq 0 39); do sha1sum /opt/bench/templates/t$i.conf; stat -c "%a %U" /opt/bench/templates/t$i.conf; done
