import { wantsColour } from '../report/paint.ts'
import type { Reporter, ReportOptions } from '../report/reporter.ts'
import type { Secrets } from '../text/secrets.ts'
import type { RunSettings } from '../engine/settings.ts'
import type { Terminal } from './command.ts'
import type { Settings } from './settings.ts'

export type Output = 'live' | 'ansible' | 'minimal' | 'oneline' | 'json' | 'junit'

/** Ansible's callbacks that have a counterpart. */
export const CALLBACKS: Readonly<Record<string, Output>> = { default: 'ansible', yaml: 'ansible', minimal: 'minimal', debug: 'ansible', oneline: 'oneline', json: 'json', junit: 'junit' }

/** The reporter that was asked for; only its file is loaded. */
export async function chooseReporter(output: Output | undefined, run: RunSettings, settings: Settings, terminal: Terminal, secrets: Secrets): Promise<Reporter> {
  const callback = plugin(settings)
  const wanted = output ?? (callback === undefined ? undefined : CALLBACKS[callback]) ?? (terminal.isTerminal && !terminal.part ? 'live' : 'ansible')
  const options = reportOptions(run, settings, terminal, secrets)
  switch (wanted) {
    case 'live': return (await import('../report/live.ts')).live(options)
    case 'ansible': return (await import('../report/lines.ts')).lines(options)
    case 'minimal': return (await import('../report/minimal.ts')).minimal(options)
    case 'oneline': return (await import('../report/oneline.ts')).oneline(options)
    case 'json': return (await import('../report/json.ts')).json(options)
    case 'junit': return (await import('../report/junit.ts')).junit(options)
  }
}

const plugin = (settings: Settings): string | undefined => settings.text('stdoutCallback')?.replace(/^.*\./, '')

function reportOptions(run: RunSettings, settings: Settings, terminal: Terminal, secrets: Secrets): ReportOptions {
  const forced = settings.flag('forceColor') ? { FORCE_COLOR: '1' } : {}
  const color = !settings.flag('nocolor') && wantsColour(terminal.isTerminal, { ...terminal.env, ...forced })
  return {
    out: terminal.out, err: terminal.err, secrets, color, width: terminal.width, verbosity: run.verbosity, diff: run.diff, check: run.check,
    showSkipped: settings.flag('displaySkippedHosts') ?? true, showOk: settings.flag('displayOkHosts') ?? true, customStats: settings.flag('showCustomStats') ?? false,
    failuresToStderr: settings.flag('displayFailedStderr') ?? false, pathOnFailure: settings.flag('pathOnFailure') ?? false, checkMarkers: settings.flag('checkMarkers') ?? false,
    resultFormat: settings.oneOf('resultFormat', ['json', 'yaml']) ?? (plugin(settings) === 'yaml' ? 'yaml' : 'json'), ...(settings.flag('resultPretty') === undefined ? {} : { pretty: settings.flag('resultPretty')! }),
  }
}
