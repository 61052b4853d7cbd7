/** Every plugin that is part of the executable. Nothing registers itself. */
import kerberos from '../plugins/login/kerberos/index.ts'
import ldap from '../plugins/login/ldap/index.ts'
import local from '../plugins/login/local/index.ts'
import oidc from '../plugins/login/oidc/index.ts'
import postgres from '../plugins/storage/postgres/index.ts'
import sqlite from '../plugins/storage/sqlite/index.ts'
import type { AnyPlugin } from './host/plugin-module.ts'

export const BUILTIN_PLUGINS: readonly AnyPlugin[] = [local, ldap, kerberos, oidc, sqlite, postgres]
