import { describe, expect, test } from 'vitest'
import { readOnlyWords } from '../../src/host/read-only-programs.ts'

const READ = [
  'cat /etc/hostname', 'which nginx', 'command -v nginx', 'test -f /etc/x', '[ -d /etc ]', 'systemctl is-active nginx', 'systemctl --no-pager status nginx', 'dpkg -l', "dpkg-query -W -f '${Version}' nginx", 'id -un', 'uname -m',
  'hostname', 'hostname -f', 'date +%s', "date -d yesterday '+%F %T'", 'find /etc -name x -print', 'sysctl -n net.ipv4.ip_forward', 'ip -4 addr show', 'ip route get 10.0.0.1', 'python3 --version', 'java -version', 'go version', 'grep -r x /etc 2>/dev/null | sort | uniq -c',
  'cat /a && echo yes || echo no', '/usr/bin/id', 'ls -l /etc >/dev/null 2>&1', 'openssl x509 -noout -enddate -in /x.pem', 'rpm -qa', "rpm -q --qf '%{VERSION}' bash", 'journalctl -u nginx -n 5 --no-pager', 'tail -n 5 /x', 'echo "a b" \'c d\' e\\ f',
]

const NOT = [
  'rm -rf /', 'cat /etc/hostname > /x', 'echo $(rm x)', 'echo `rm x`', 'echo "$(rm x)"', 'echo "`rm x`"', 'cat x & rm y', 'cat x\nrm y', 'cat x; rm y', 'cat x | tee y', 'find / -delete', 'find . -exec rm {} +', 'find . -fprint x', 'sort -o x y', 'sort --outp=x y', 'sort -uo x y',
  'date -s now', 'date 01010000', 'date --se now', 'hostname new', 'hostname -F /x', 'sysctl -w a=b', 'sysctl a=b', 'sysctl -p', 'sysctl --sys', 'ip link set eth0 down', 'ip -batch x', 'ip addr flush dev eth0', 'systemctl restart nginx', 'systemctl -p show stop nginx', 'systemctl --property show stop nginx',
  'make version', 'python version', 'node version', 'bash -c x', 'bash version', 'nginx -V -s stop', 'sudo -v', 'sudo id', 'rpm -q --pipe x', 'rpm -e bash', 'uniq a b', 'A=1 cat x', 'cat ~/x', 'cat *', 'cat {a,b}', 'cat $HOME', './cat x', '/tmp/cat x', 'journalctl --vacuum-size=1', 'journalctl --rot', 'journalctl -fu x',
  'tail -f x', 'tail --fol x', 'openssl x509 -noout -out x', 'openssl x509 -req', 'toString', 'constructor', '', '|', 'cat |', 'if true', '! true', 'cat <x', 'cat 2>x', 'cat >/dev/nullx', 'dpkg -i x', 'dpkg --configure -a', 'apt-get install x', 'apt-mark hold x', 'git -c core.pager=x log', 'env rm x', 'eval rm', 'xargs rm', 'sed -i x y', 'awk x',
]

describe('readOnlyWords', () => {
  test.each(READ)('reads: %s', (line) => expect(readOnlyWords(line)).toBeDefined())
  test.each(NOT)('is not known to only read: %s', (line) => expect(readOnlyWords(line)).toBeUndefined())

  test('takes words as they are, without a shell', () => {
    expect(readOnlyWords(['cat', '$(x) > y'])).toEqual(['cat', '$(x) > y'])
    expect(readOnlyWords(['rm', 'x'])).toBeUndefined()
    expect(readOnlyWords([])).toBeUndefined()
  })

  test('trusts no name under another PATH', () => {
    expect(readOnlyWords('id', { PATH: '/opt/evil' })).toBeUndefined()
    expect(readOnlyWords('id', { LD_PRELOAD: '/x.so' })).toBeUndefined()
    expect(readOnlyWords('id', { LC_ALL: 'C' })).toEqual(['id'])
  })
})
