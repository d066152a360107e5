import type { Module } from '../contract/define-module.ts'

type Load = () => Promise<Module<any, any>>

/** Every module by name; a run loads only what it uses. The list is static, so that it can be checked, documented and completed. */
export const registry: Readonly<Record<string, Load>> = {
  command: async () => (await import('./command.ts')).command,
  copy: async () => (await import('./copy.ts')).copy,
  dpkg_selections: async () => (await import('./dpkg-selections.ts')).dpkgSelections,
  file: async () => (await import('./file.ts')).file,
  generated_secret: async () => (await import('./generated-secret.ts')).generatedSecret,
  group: async () => (await import('./group.ts')).group,
  redis_cluster: async () => (await import('./redis-cluster.ts')).redisCluster,
  redis_password: async () => (await import('./redis-password.ts')).redisPassword,
  redis_settings: async () => (await import('./redis-settings.ts')).redisSettings,
  service: async () => (await import('./service.ts')).service,
  shell: async () => (await import('./shell.ts')).shell,
  stat: async () => (await import('./stat.ts')).stat,
  systemd: async () => (await import('./systemd.ts')).systemd,
  template: async () => (await import('./template.ts')).template,
  user: async () => (await import('./user.ts')).user,
}

/** The same as a map, as a run takes it. */
export const modules: ReadonlyMap<string, Load> = new Map(Object.entries(registry))
