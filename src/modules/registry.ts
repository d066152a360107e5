import type { Module } from '../contract/define-module.ts'

type Load = () => Promise<Module<any, any>>

/** Every module by name; a run loads only what it uses. The list is static, so that it can be checked, documented and completed. */
export const registry: Readonly<Record<string, Load>> = {
  apt: async () => (await import('./apt.ts')).apt,
  assemble: async () => (await import('./assemble.ts')).assemble,
  authorized_key: async () => (await import('./authorized-key.ts')).authorizedKey,
  blockinfile: async () => (await import('./blockinfile.ts')).blockinfile,
  command: async () => (await import('./command.ts')).command,
  copy: async () => (await import('./copy.ts')).copy,
  cron: async () => (await import('./cron.ts')).cron,
  dpkg_selections: async () => (await import('./dpkg-selections.ts')).dpkgSelections,
  fetch: async () => (await import('./fetch.ts')).fetch,
  file: async () => (await import('./file.ts')).file,
  find: async () => (await import('./find.ts')).find,
  generated_secret: async () => (await import('./generated-secret.ts')).generatedSecret,
  get_url: async () => (await import('./get-url.ts')).getUrl,
  getent: async () => (await import('./getent.ts')).getent,
  group: async () => (await import('./group.ts')).group,
  hostname: async () => (await import('./hostname.ts')).hostname,
  ini_file: async () => (await import('./ini-file.ts')).iniFile,
  lineinfile: async () => (await import('./lineinfile.ts')).lineinfile,
  package: async () => (await import('./package.ts')).package_,
  package_facts: async () => (await import('./package-facts.ts')).packageFacts,
  ping: async () => (await import('./ping.ts')).ping,
  raw: async () => (await import('./raw.ts')).raw,
  redis_cluster: async () => (await import('./redis-cluster.ts')).redisCluster,
  redis_password: async () => (await import('./redis-password.ts')).redisPassword,
  redis_settings: async () => (await import('./redis-settings.ts')).redisSettings,
  replace: async () => (await import('./replace.ts')).replace,
  script: async () => (await import('./script.ts')).script,
  service: async () => (await import('./service.ts')).service,
  service_facts: async () => (await import('./service-facts.ts')).serviceFacts,
  setup: async () => (await import('./setup.ts')).setup,
  shell: async () => (await import('./shell.ts')).shell,
  slurp: async () => (await import('./slurp.ts')).slurp,
  stat: async () => (await import('./stat.ts')).stat,
  sysctl: async () => (await import('./sysctl.ts')).sysctl,
  systemd: async () => (await import('./systemd.ts')).systemd,
  tempfile: async () => (await import('./tempfile.ts')).tempfile,
  template: async () => (await import('./template.ts')).template,
  unarchive: async () => (await import('./unarchive.ts')).unarchive,
  uri: async () => (await import('./uri.ts')).uri,
  user: async () => (await import('./user.ts')).user,
  wait_for: async () => (await import('./wait-for.ts')).waitFor,
  wait_for_connection: async () => (await import('./wait-for-connection.ts')).waitForConnection,
}

/** The same as a map, as a run takes it. */
export const modules: ReadonlyMap<string, Load> = new Map(Object.entries(registry))
