import { expect, test } from 'vitest'
import { parseCapabilities } from '../../src/modules/capabilities.ts'

test.each([
  [' cap_net_bind_service,cap_net_raw=ep', [['cap_net_bind_service', 'ep'], ['cap_net_raw', 'ep']]], [' = cap_chown+pe cap_kill+i', [['cap_chown', 'ep'], ['cap_kill', 'i']]], ['', []],
])('%s', (text, expected) => expect([...parseCapabilities(text)]).toEqual(expected))
