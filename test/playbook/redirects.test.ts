import { expect, test } from 'vitest'
import { BUILTIN, fullName, knownNames, normaliseAction } from '../../src/playbook/redirects.ts'

test.each([
  ['copy', 'copy'], ['ansible.builtin.copy', 'copy'], ['ansible.legacy.copy', 'copy'], ['community.general.ufw', 'ufw'], ['ansible.mysql.mysql_user', 'mysql_user'], ['community.mysql.mysql_user', 'mysql_user'],
  ['amazon.aws.ec2_elb_lb', 'ec2_elb_lb'], ['win_unzip', 'win_unzip'], ['ansible.builtin.systemd_service', 'systemd'], ['community.crypto.openssl_certificate', 'x509_certificate'], ['my.own.copy', 'my.own.copy'], ['nothing', 'nothing'],
])('%s is %s', (written, action) => expect(normaliseAction(written)).toBe(action))
test('full names', () => expect(['copy', 'ufw', 'win_unzip', 'my.own.copy', 'nothing'].map(fullName)).toEqual(['ansible.builtin.copy', 'community.general.ufw', 'community.windows.win_unzip', 'my.own.copy', undefined]))
test('a short name means one module', () => {
  const names = [...knownNames()]
  expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([])
  expect(names.length).toBeGreaterThan(BUILTIN.size)
})
