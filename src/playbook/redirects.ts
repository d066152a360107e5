import { didYouMean } from '../problem/did-you-mean.ts'

/**
 * What ansible-core itself ships, by short name. A short name outside this list and `COLLECTIONS` cannot be resolved by
 * Ansible either. Source: the module index of the documentation of ansible-core 2.19.
 */
export const BUILTIN: ReadonlySet<string> = new Set(words(`
  add_host apt apt_key apt_repository assemble assert async_status blockinfile command copy cron deb822_repository debconf debug
  dnf dnf5 dpkg_selections expect fail fetch file find gather_facts get_url getent git group group_by hostname import_playbook
  import_role import_tasks include include_role include_tasks include_vars iptables known_hosts lineinfile meta mount_facts package
  package_facts pause ping pip raw reboot replace rpm_key script service service_facts set_fact set_stats setup shell slurp stat
  subversion systemd systemd_service sysvinit tempfile template unarchive uri user validate_argument_spec wait_for
  wait_for_connection yum yum_repository`))

/** Second names of modules. */
export const SAME_MODULE: ReadonlyMap<string, string> = new Map([['gather_facts', 'setup'], ['systemd_service', 'systemd'], ['openssl_certificate', 'x509_certificate']])

/**
 * Modules of collections that playbooks call by a short name or by the collection's: `community.general.ufw` and `ufw` are one.
 * A short name is unique over all of them and over `BUILTIN`. Source: the collections' documentation, chosen by how often public roles use them.
 */
const COLLECTIONS: Readonly<Record<string, readonly string[]>> = {
  'ansible.posix': words('acl at authorized_key firewalld firewalld_info mount patch rhel_facts seboolean selinux synchronize sysctl'),
  'ansible.utils': words('cli_parse fact_diff update_fact validate'),
  'community.crypto': words(`acme_account acme_certificate certificate_complete_chain crypto_info ecs_certificate get_certificate luks_device
    openssh_cert openssh_keypair openssl_certificate openssl_csr openssl_csr_info openssl_csr_pipe openssl_dhparam openssl_pkcs12 openssl_privatekey
    openssl_privatekey_convert openssl_privatekey_info openssl_privatekey_pipe openssl_publickey openssl_publickey_info openssl_signature
    openssl_signature_info x509_certificate x509_certificate_convert x509_certificate_info x509_certificate_pipe x509_crl x509_crl_info`),
  'community.digitalocean': words(`digital_ocean digital_ocean_block_storage digital_ocean_domain digital_ocean_domain_record digital_ocean_droplet digital_ocean_droplet_info
    digital_ocean_firewall digital_ocean_floating_ip digital_ocean_sshkey digital_ocean_tag`),
  'community.docker': words(`docker_compose docker_compose_v2 docker_compose_v2_exec docker_compose_v2_pull docker_compose_v2_run docker_config
    docker_container docker_container_copy_into docker_container_exec docker_container_info docker_host_info docker_image docker_image_build
    docker_image_info docker_image_load docker_image_pull docker_image_push docker_image_tag docker_login docker_network docker_network_info
    docker_node docker_node_info docker_plugin docker_prune docker_secret docker_stack docker_stack_info docker_swarm docker_swarm_info
    docker_swarm_service docker_volume docker_volume_info`),
  'community.general': words(`alternatives ansible_galaxy_install apache2_mod_proxy apache2_module apk apt_repo apt_rpm archive awall beadm bower
    btrfs_info btrfs_subvolume bundler bzr cargo capabilities cloudflare_dns composer consul consul_kv copr cpanm cronvar crypttab dconf
    deploy_helper django_manage dnsimple dpkg_divert easy_install ejabberd_user elasticsearch_plugin etcd3 facter facter_facts filesize filesystem
    flatpak flatpak_remote gconftool2 gem git_config git_config_info github_deploy_key github_key github_release gitlab_user gitlab_runner gunicorn
    haproxy hg homebrew homebrew_cask homebrew_tap htpasswd icinga2_host influxdb_database influxdb_user ini_file installp interfaces_file
    ip_netns ipa_user irc iso_create iso_extract java_cert java_keystore jboss jenkins_job jenkins_plugin jenkins_script jira kdeconfig
    kernel_blacklist keycloak_client keyring launchd layman ldap_attrs ldap_entry ldap_passwd ldap_search listen_ports_facts locale_gen lvg lvol
    lxc_container lxd_container lxd_profile macports mail make mattermost mksysb modprobe monit mqtt mssql_db nagios netcup_dns nexmo nmcli nomad_job
    npm nsupdate ocapi_command odbc ohai one_vm open_iscsi openbsd_pkg opendj_backendprop opkg osx_defaults osx_say ovh_ip_failover pacman
    pacman_key pam_limits pamd parted pear pids pipx pipx_info pkg5 pkg5_publisher pkgin pkgng pkgutil pmem pnpm portage portinstall proxmox
    proxmox_kvm puppet pushbullet pushover python_requirements_info read_csv redis redis_data redis_data_incr redis_data_info redis_info
    rhsm_release rhsm_repository rhel_rpm_ostree rollbar_deployment rpm_ostree_pkg rundeck_job runit scaleway_compute sefcontext selinux_permissive
    selogin seport shutdown simpleinit_msb slack slackpkg snap snap_alias snmp_facts solaris_zone sorcery ssh_config statsd sudoers supervisorctl
    svc svr4pkg swdepot swupd syslogger syspatch sysrc sysupgrade systemd_creds_decrypt systemd_creds_encrypt systemd_info telegram terraform
    timezone twilio typetalk ufw uptimerobot urpmi utm_dns_host vertica_info vmadm wakeonlan wdc_redfish_command xattr xbps xenserver_facts xfconf
    xfs_quota xml yarn yum_versionlock zfs zfs_facts znode zpool zpool_facts zypper zypper_repository`),
  'gluster.gluster': words('gluster_heal_info gluster_peer gluster_volume'),
  'community.grafana': words('grafana_dashboard grafana_datasource grafana_plugin grafana_user'),
  'community.hashi_vault': words('vault_kv2_get vault_read vault_write'),
  'community.libvirt': words('virt virt_install virt_net virt_pool virt_volume'),
  'community.mongodb': words('mongodb_index mongodb_info mongodb_parameter mongodb_replicaset mongodb_shard mongodb_status mongodb_user'),
  'community.mysql': words('mysql_db mysql_info mysql_query mysql_replication mysql_role mysql_user mysql_variables'),
  'community.postgresql': words(`postgresql_copy postgresql_db postgresql_ext postgresql_idx postgresql_info postgresql_lang postgresql_membership
    postgresql_owner postgresql_pg_hba postgresql_ping postgresql_privs postgresql_publication postgresql_query postgresql_schema postgresql_script
    postgresql_sequence postgresql_set postgresql_slot postgresql_subscription postgresql_table postgresql_tablespace postgresql_user`),
  'community.proxysql': words('proxysql_backend_servers proxysql_global_variables proxysql_mysql_users proxysql_query_rules'),
  'community.rabbitmq': words(`rabbitmq_binding rabbitmq_exchange rabbitmq_feature_flag rabbitmq_parameter rabbitmq_plugin rabbitmq_policy
    rabbitmq_queue rabbitmq_user rabbitmq_vhost`),
  'community.zabbix': words('zabbix_host zabbix_template'),
  'containers.podman': words('podman_container podman_image podman_network podman_pod podman_volume'),
  'kubernetes.core': words('helm helm_info helm_plugin helm_repository helm_template k8s k8s_cluster_info k8s_cp k8s_drain k8s_exec k8s_info k8s_log k8s_rollback k8s_scale k8s_service k8s_taint'),
  'amazon.aws': words(`aws_az_info aws_caller_info aws_s3 cloudformation cloudformation_info ec2 ec2_ami ec2_ami_info ec2_elb_lb ec2_eni ec2_eni_info ec2_group
    ec2_group_info ec2_instance ec2_key ec2_snapshot ec2_snapshot_info ec2_tag ec2_tag_info ec2_vol ec2_vol_info ec2_vpc_dhcp_option
    ec2_vpc_dhcp_option_info ec2_vpc_net ec2_vpc_net_info ec2_vpc_subnet ec2_vpc_subnet_info s3_bucket s3_object`),
  'community.aws': words('ec2_elb elb_instance route53'),
  'ansible.windows': words(`win_acl win_acl_inheritance win_certificate_store win_command win_copy win_dns_client win_domain win_domain_controller win_domain_membership win_dsc
    win_environment win_feature win_file win_find win_get_url win_group win_group_membership win_hostname win_optional_feature win_owner win_package
    win_path win_ping win_reboot win_reg_stat win_regedit win_service win_share win_shell win_stat win_tempfile win_template win_updates win_uri win_user
    win_user_right win_wait_for win_whoami`),
  'community.windows': words(`psexec win_audit_policy_system win_audit_rule win_credential win_defrag win_disk_image win_dns_record win_domain_computer win_domain_group
    win_domain_group_membership win_domain_user win_dotnet_ngen win_eventlog win_eventlog_entry win_file_version win_firewall win_firewall_rule win_format
    win_hosts win_hotfix win_http_proxy win_iis_virtualdirectory win_iis_webapplication win_iis_webapppool win_iis_webbinding win_iis_website
    win_inet_proxy win_initialize_disk win_lineinfile win_mapped_drive win_msg win_netbios win_nssm win_pagefile win_partition win_pester win_power_plan
    win_psexec win_psmodule win_psrepository win_rabbitmq_plugin win_rds_cap win_rds_rap win_rds_settings win_region win_regmerge win_robocopy win_route
    win_say win_scheduled_task win_scheduled_task_stat win_security_policy win_shortcut win_snmp win_timezone win_toast win_unzip win_user_profile
    win_wait_for_process win_wakeonlan win_webpicmd win_xml`),
}
/** Collections whose modules bear the names of another's. */
const SAME_COLLECTION: Readonly<Record<string, string>> = { 'ansible.mysql': 'community.mysql', 'community.kubernetes': 'kubernetes.core' }

const SHORT_BY_FULL: ReadonlyMap<string, string> = new Map(
  Object.entries(COLLECTIONS).flatMap(([collection, names]) => names.map((name) => [`${collection}.${name}`, name] as const)),
)
const FULL_BY_SHORT: ReadonlyMap<string, string> = new Map([...SHORT_BY_FULL].map(([full, short]) => [short, full]))

/** The name that modules of ours are known by: `ansible.builtin.copy` and `copy` -> `copy`, `community.general.ufw` -> `ufw`. */
export function normaliseAction(written: string): string {
  const name = written.replace(/^ansible\.(builtin|legacy)\./, '')
  const [namespace, collection, ...rest] = name.split('.')
  const home = `${namespace}.${collection}`
  const full = rest.length > 0 && SAME_COLLECTION[home] ? `${SAME_COLLECTION[home]}.${rest.join('.')}` : name
  const short = SHORT_BY_FULL.get(full) ?? full
  return SAME_MODULE.get(short) ?? short
}

/** The full name for messages: `ufw` -> `community.general.ufw`, `copy` -> `ansible.builtin.copy`; undefined where Ansible knows none. */
export function fullName(action: string): string | undefined {
  if (BUILTIN.has(action)) return `ansible.builtin.${action}`
  return action.includes('.') ? action : FULL_BY_SHORT.get(action)
}

/** A full name that Ansible's own collection does not have, or that is a slip of another one's in a collection we know. */
export function isNobodys(written: string): boolean {
  const [namespace, collection, name, ...rest] = written.split('.')
  if (name === undefined || rest.length > 0) return false
  if (namespace === 'ansible' && (collection === 'builtin' || collection === 'legacy')) return fullName(name) === undefined
  const known = COLLECTIONS[`${namespace}.${collection}`]
  return known !== undefined && !known.includes(name) && didYouMean(name, known) !== undefined
}

/** The names that can be meant, for "did you mean". */
export const knownNames = (): Iterable<string> => [...BUILTIN, ...FULL_BY_SHORT.keys()]

function words(text: string): string[] {
  return text.trim().split(/\s+/)
}
