import type { LabContext, LabDriver } from '../driver.ts'
export function multipassDriver(_lab: LabContext): LabDriver {
  throw new Error('being written')
}
