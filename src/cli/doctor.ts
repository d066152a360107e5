import { statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { withOwnPlugins } from '../contract/own-plugins.ts'
import { Problem } from '../problem/problem.ts'
import { defaultEnvironment } from '../template/environment.ts'
import { findBrought } from './brought-python.ts'
import { defineCommand } from './command.ts'
import { countFeatures } from './count-features.ts'
import { UsageProblem, choice } from './options.ts'
import { findProjectFiles } from './project-files.ts'
import { diagnose, showDiagnosis } from './show-survey.ts'
import { surveyProject } from './survey-project.ts'

export const doctorCommand = defineCommand({
  name: 'doctor',
  summary: 'What of a project runs here, what does not, and why.',
  operands: '[DIRECTORY]',
  examples: [['tutti doctor .', 'Playbooks, roles, inventories and settings of this directory.'], ['tutti doctor --output json ~/roles/web > report.json', 'The same for programs, with every place.']],
  notes: ['Reads everything and runs nothing. Exit codes: 0 all of it runs here, 2 some of it does not. Settings without effect and versions that are known to be bad are told and do not count.'],
  options: { output: choice('--output', ['text', 'json'], 'For people (the default) or for programs.') },
  async run({ values, operands }, terminal) {
    if (operands.length > 1) throw new UsageProblem({ code: 'bad-option', summary: 'One directory can be looked at', detail: operands.join(' ') })
    const path = resolve(operands[0] ?? '.')
    if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw new Problem({ code: 'no-directory', summary: 'There is no such directory', detail: path })
    const { roles, playbooks } = findProjectFiles(path)
    const environment = await withOwnPlugins(defaultEnvironment, [...new Set([...roles, ...playbooks.map((file) => dirname(file))])])
    const survey = await surveyProject(path, environment)
    const features = countFeatures(survey, environment)
    const diagnosis = diagnose(path, survey, features, findBrought(survey, features))
    terminal.out(values.output === 'json' ? `${JSON.stringify(diagnosis, null, 2)}\n` : `${showDiagnosis(diagnosis)}\n`)
    return diagnosis.runs ? 0 : 2
  },
})
