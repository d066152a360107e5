/** The version of ansible-core whose documentation this follows, as `ansible_version` and modules are told it. */
export const LANGUAGE_VERSION = '2.19.0'
