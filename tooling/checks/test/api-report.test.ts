import { Extractor, ExtractorConfig, ExtractorLogLevel } from '@microsoft/api-extractor'
import { existsSync, mkdirSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { members, root, temp } from '../src/workspace.ts'

const update = process.env['SHALE_API'] === 'update'
const silent = { logLevel: ExtractorLogLevel.None, addToApiReportFile: false }

test.each(members('packages'))('the API report of $name is up to date', ({ folder }) => {
  const short = path.basename(folder)
  const reportFolder = path.join(folder, 'etc')
  const reportTempFolder = path.join(temp, 'api')
  for (const needed of [reportFolder, reportTempFolder]) mkdirSync(needed, { recursive: true })

  const mainEntryPointFilePath = path.join(folder, 'dist', 'index.d.ts')
  const messages: string[] = []
  const result = Extractor.invoke(
    ExtractorConfig.prepare({
      configObject: {
        projectFolder: folder,
        mainEntryPointFilePath,
        newlineKind: 'lf',
        compiler: {
          overrideTsconfig: {
            compilerOptions: {
              target: 'ES2023',
              lib: ['ES2023', 'ESNext.Disposable', 'ES2024.String'],
              module: 'NodeNext',
              types: ['node'],
              typeRoots: [path.join(root, 'node_modules/@types')],
              strict: true,
              skipLibCheck: true,
            },
            files: [mainEntryPointFilePath],
          },
        },
        apiReport: { enabled: true, reportFolder, reportTempFolder, reportFileName: `${short}.api.md` },
        docModel: { enabled: false },
        dtsRollup: { enabled: false },
        tsdocMetadata: { enabled: false },
        messages: {
          compilerMessageReporting: { default: { logLevel: ExtractorLogLevel.Error, addToApiReportFile: false } },
          extractorMessageReporting: {
            default: silent,
            'ae-forgotten-export': { logLevel: ExtractorLogLevel.None, addToApiReportFile: true },
          },
          tsdocMessageReporting: { default: silent },
        },
      },
      configObjectFullPath: undefined,
      packageJsonFullPath: path.join(folder, 'package.json'),
    }),
    {
      localBuild: update,
      messageCallback: (message) => {
        message.handled = true
        if (message.logLevel === ExtractorLogLevel.Error) messages.push(message.formatMessageWithLocation(root))
      },
    },
  )
  expect(messages).toEqual([])
  expect(existsSync(path.join(reportFolder, `${short}.api.md`))).toBe(true)
  expect(result.apiReportChanged && !update, 'the public API changed: look at the difference, then run "npm run api"').toBe(false)
})
