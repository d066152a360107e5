for i in $(seq 0 49); do stat -c "%a %U %G %F" /opt/bench/loops/d$i; sha1sum /opt/bench/loops/d$i/f; stat -c "%a %U" /opt/bench/loops/d$i/f; done
