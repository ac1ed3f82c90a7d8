import neostandard, { plugins } from 'neostandard'
import tseslint from 'typescript-eslint'

/** Ways to the environment that `n/no-process-env` does not see. */
const environmentByImport = ['node:process', 'process'].map((name) => ({
  name,
  importNames: ['env'],
  message: 'Read the environment in a main.ts and pass the result on.'
}))

export default [
  ...neostandard({
    ts: true,
    noJsx: true,
    // tap writes its snapshots in a style of its own; what the page imports is not in the main install
    ignores: ['node_modules/', '.tap/', '.spillway/', 'coverage/', 'tap-snapshots/', 'grafana/pictures/page/']
  }),

  {
    name: 'spillway/types',
    files: ['**/*.ts'],
    plugins: { '@typescript-eslint': tseslint.plugin },
    languageOptions: {
      parser: tseslint.parser,
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname }
    },
    rules: {
      // A promise nobody waits for loses its error, and its work at shutdown. `void` marks the ones meant so.
      // tap keeps the promises of its own subtests: a test file states them one below the other.
      '@typescript-eslint/no-floating-promises': ['error', {
        allowForKnownSafePromises: [{ from: 'package', name: 'PromiseWithSubtest', package: '@tapjs/core' }]
      }],
      // Node strips types file by file, so it must see in each import whether anything of it remains.
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      // A schema and its type share one name (`const App`, `type App`); what is truly declared twice, tsc reports.
      '@typescript-eslint/no-redeclare': 'off'
    }
  },

  {
    name: 'spillway/environment',
    files: ['services/**/*.ts'],
    ignores: ['services/**/main.ts'],
    plugins: { n: plugins.n },
    rules: {
      // Configuration is read once, checked against one schema, and passed on: only a main.ts sees the environment.
      'n/no-process-env': 'error',
      'no-restricted-imports': ['error', { paths: environmentByImport }]
    }
  },

  {
    name: 'spillway/pure',
    files: ['services/domain/**/*.ts', 'services/policy/**/*.ts'],
    rules: {
      // Time, randomness and the outside come in as arguments; the import rules keep out the rest of I/O.
      'no-restricted-globals': ['error',
        'fetch', 'console', 'process', 'performance', 'WebSocket', 'setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask'
      ],
      'no-restricted-properties': ['error',
        { object: 'Date', property: 'now', message: 'Take `now` as an argument.' },
        { object: 'Math', property: 'random', message: 'Take randomness as an argument.' }
      ],
      'no-restricted-syntax': ['error',
        { selector: 'NewExpression[callee.name="Date"][arguments.length=0]', message: 'Take `now` as an argument.' }
      ]
    }
  }
]
