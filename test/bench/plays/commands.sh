for i in 0 1 2 3 4; do /bin/echo $i; done
for i in 0 1 2 3 4; do echo $i | cat; done
/bin/true; /bin/true; echo hi | cat; echo hi | cat
