rm -rf /opt/bench-new; userdel benchnew; groupdel benchnew; groupdel benchgrp
crontab -l 2>/dev/null | grep -v -e bench-new -e 'pyinfra' -e '^5 \* \* \* \* /bin/true' | crontab -
true
