import neostandard, { plugins, resolveIgnoresFromGitignore } from 'neostandard'

const packagePaths = {
  patterns: [
    { group: ['@insights/*/src/*', '@insights/*/dist/*'], message: 'Import a package by its root or a declared subpath.' }
  ]
}

export default [
  ...neostandard({ ts: true, ignores: resolveIgnoresFromGitignore() }),
  { rules: { 'no-restricted-imports': ['error', packagePaths] } },
  {
    files: ['{packages,apps}/*/src/**/*.ts'],
    plugins: { '@typescript-eslint': plugins['typescript-eslint'].plugin },
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error'
    }
  }
]
