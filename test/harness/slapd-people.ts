/** Who is in the OpenLDAP server that tests start. Passwords are `NAME secret`. */
export function people(base: string): string {
  const user = (cn: string, more: Readonly<Record<string, string>> = {}) => {
    const uid = more['uid'] ?? cn.toLowerCase()
    return entry(`cn=${cn},ou=User,${base}`, {
      objectClass: ['inetOrgPerson', 'account2'],
      cn,
      sn: cn,
      uid,
      sAMAccountName: uid,
      userPrincipalName: `${uid}@corp.example`,
      displayName: `${cn} Example`,
      mail: `${uid}@corp.example`,
      userPassword: `${uid} secret`,
      ...more,
    })
  }
  const group = (name: string, members: readonly string[], place = `ou=Group,${base}`) => {
    return entry(`cn=${name},${place}`, { objectClass: 'groupOfNames', cn: name, member: members })
  }
  const u = (name: string) => `cn=${name},ou=User,${base}`
  const g = (name: string) => `cn=${name},ou=Group,${base}`
  return [
    entry(base, { objectClass: ['dcObject', 'organization'], o: 'Corp', dc: 'corp' }),
    ...['User', 'Group', 'Service', 'Policies', 'Wild'].map((ou) =>
      entry(`ou=${ou},${base}`, { objectClass: 'organizationalUnit', ou }),
    ),
    entry(`cn=default,ou=Policies,${base}`, {
      objectClass: ['device', 'pwdPolicy'],
      cn: 'default',
      pwdAttribute: 'userPassword',
      pwdLockout: 'TRUE',
      pwdMaxFailure: '3',
      pwdLockoutDuration: '0',
      pwdMustChange: 'TRUE',
    }),
    entry(`cn=svc,ou=Service,${base}`, {
      objectClass: 'inetOrgPerson',
      cn: 'svc',
      sn: 'svc',
      userPassword: 'svc secret',
    }),
    user('Alice', { givenName: 'Alice', telephoneNumber: '+1 555 0100', preferredLanguage: 'en' }),
    ...['Bob', 'Carol', 'Dave', 'Trudy'].map((name) => user(name)),
    user('Locked', { pwdAccountLockedTime: '000001010000Z' }),
    user('Must', { pwdReset: 'TRUE' }),
    user('Inactive', { nsAccountLock: 'TRUE' }),
    user('Jürgen', { uid: 'jürgen', mail: 'jurgen@corp.example' }),
    user('O\\2C Brien', { uid: 'obrien', cn: 'O, Brien', sn: 'Brien' }),
    user('Twin One', { uid: 'twin' }),
    user('Twin Two', { uid: 'twin' }),
    entry(`cn=Nomail,ou=User,${base}`, {
      objectClass: 'inetOrgPerson',
      cn: 'Nomail',
      sn: 'Nomail',
      uid: 'nomail',
      userPassword: 'nomail secret',
    }),
    ...Array.from({ length: 120 }, (_each, index) => user(`n${index}`)),
    group('staff', [u('Carol'), u('Jürgen')]),
    group('allowed_to_login', [
      u('Alice'),
      u('Locked'),
      u('Must'),
      u('Inactive'),
      u('O\\2C Brien'),
      u('Nomail'),
      g('staff'),
    ]),
    group('API_PERM_READ', [u('Alice'), u('Bob'), g('staff')]),
    group('API_PERM_WRITE', [u('Alice')]),
    group('other', [u('Alice')]),
    // Two groups in each other, and one in itself.
    group('ring_a', [u('Dave'), g('ring_b')]),
    group('ring_b', [g('ring_a'), g('ring_b')]),
    // Anybody may have made this one: same name, other place.
    group('allowed_to_login', [u('Trudy')], `ou=Wild,${base}`),
    ...Array.from({ length: 120 }, (_each, index) => group(`many_${index}`, [u('Dave')])),
    entry(`ou=Elsewhere,${base}`, {
      objectClass: ['referral', 'extensibleObject'],
      ou: 'Elsewhere',
      ref: `ldap://127.0.0.1:1/ou=Elsewhere,${base}`,
    }),
  ].join('')
}

type Value = string | Buffer

/** One entry as LDIF; values in base64, so that any character may be in them. */
export function entry(dn: string, attributes: Readonly<Record<string, Value | readonly Value[]>>): string {
  const base64 = (value: Value) => Buffer.from(value).toString('base64')
  const lines = Object.entries(attributes).flatMap(([name, values]) =>
    [values].flat().map((value) => `${name}:: ${base64(value)}`),
  )
  return `dn:: ${base64(dn)}\nchangetype: add\n${lines.join('\n')}\n\n`
}
