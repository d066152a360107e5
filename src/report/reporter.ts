import type { RunEvent } from '../engine/event.ts'
import type { Secrets } from '../text/secrets.ts'

/** Turns the events of a run into output. */
export interface Reporter {
  onEvent(event: RunEvent): void
  /** After the last event: what is held back is written. */
  end(): void | Promise<void>
}

/** Where a reporter writes and how. What is written passes `secrets.redact` first. */
export interface ReportOptions {
  /** Data: standard output. Texts bring their own newlines. */
  readonly out: (text: string) => void
  /** Warnings and other remarks: standard error. */
  readonly err: (text: string) => void
  readonly secrets: Secrets
  readonly color: boolean
  /** Of the terminal, in characters. */
  readonly width: number
  readonly verbosity: number
  /** `--diff`: differences are shown. */
  readonly diff: boolean
  readonly check: boolean
  /** Ansible's `display_skipped_hosts`, `display_ok_hosts` and `show_custom_stats`. */
  readonly showSkipped?: boolean
  readonly showOk?: boolean
  readonly customStats?: boolean
  /** Its `display_failed_stderr`, `show_task_path_on_failure`, `check_mode_markers`, `callback_result_format` and `callback_format_pretty`. */
  readonly failuresToStderr?: boolean
  readonly pathOnFailure?: boolean
  readonly checkMarkers?: boolean
  readonly resultFormat?: 'json' | 'yaml'
  readonly pretty?: boolean
}
