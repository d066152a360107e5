/**
 * What files of users import from 'tutti': `library/NAME.ts` beside a playbook or in a role exports a module,
 * `filter_plugins/`, `test_plugins/` and `lookup_plugins/` export filters, tests and lookups. Nothing here reaches a host by itself.
 */
export { defineModule, type Ending, type Module, type Outputs, type Result, type Rules, type Surroundings, type TextDiff } from './contract/define-module.ts'
export { defineFilter, defineLookup, defineTest } from './contract/own-plugins.ts'
export { fail } from './contract/failure.ts'
export { known } from './contract/file-target.ts'
export { type FileState, absent, checksumResource, contentResource, fileResource, followedResource } from './host/file.ts'
export { type GroupState, groupResource } from './host/group.ts'
export { type MountState, mountResource } from './host/mount.ts'
export { type PackageState, packageResource } from './host/package.ts'
export type { Reader } from './host/reader.ts'
export { type Effect, type Resource, leaves } from './host/resource.ts'
export { type FileAttributes, type RunOptions, type Step, type StepReply, act, attributes, link, mkdir, remove, run, touch, write } from './host/step.ts'
export { sysctlResource } from './host/sysctl.ts'
export { type UnitState, unitName, unitResource } from './host/unit.ts'
export { type UserState, userResource } from './host/user.ts'
export { type ControllerFile, type Field, type Fields, type Params, choice, controllerFile, flag, integer, list, mode, number, path, raw, record, text } from './schema/field.ts'
export { type Aside, aside } from './value/aside.ts'
export { type Content, bytesContent } from './value/content.ts'
export { type Json, fromJson, toJson } from './value/json.ts'
export { type Dict, Unknown, type Value, dict, fresh, isUnknown, unknown } from './value/value.ts'
